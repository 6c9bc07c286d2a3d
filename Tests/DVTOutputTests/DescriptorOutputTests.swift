import DVTCore
import DVTOutput
import DVTSupport
import Glibc
import Synchronization
import Testing

/// A pipe whose ends are closed when it is released.
private final class Pipe {
    let readEnd: Int32
    let writeEnd: Int32
    private var isReadEndOpen = true

    init() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        (readEnd, writeEnd) = (ends[0], ends[1])
    }

    deinit {
        closeReadEnd()
        close(writeEnd)
    }

    func closeReadEnd() {
        if isReadEndOpen { close(readEnd) }
        isReadEndOpen = false
    }

    /// The bytes that can be read now.
    func contents() -> String {
        available(readEnd)
    }
}

private func available(_ descriptor: Int32) -> String {
    var bytes: [UInt8] = []
    var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    while Glibc.poll(&poll, 1, 0) == 1, poll.revents & Int16(POLLIN) != 0 {
        let chunk = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
            count = max(0, read(descriptor, buffer.baseAddress, buffer.count))
        }
        if chunk.isEmpty { break }
        bytes += chunk
    }
    return String(decoding: bytes, as: UTF8.self)
}

/// The two ends of a pseudoterminal: text written to the second can be read from the first.
///
/// Uses the requests behind `unlockpt` and `ptsname`, which Swift's Glibc module does not export.
private func pseudoterminal() throws -> (master: Int32, terminal: Int32) {
    let (unlock, getNumber): (UInt, UInt) = (0x4004_5431, 0x8004_5430)
    let master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    var (isLocked, number): (CInt, CInt) = (0, 0)
    try #require(ioctl(master, unlock, &isLocked) == 0)
    try #require(ioctl(master, getNumber, &number) == 0)
    let terminal = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
    try #require(terminal >= 0)
    return (master, terminal)
}

@Suite struct DescriptorOutputTests {
    @Test func textIsBufferedUntilAFlush() throws {
        let pipe = try Pipe()
        let output = DescriptorOutput(descriptor: pipe.writeEnd)
        #expect(!output.isTerminal)
        try output.write("abc")
        #expect(pipe.contents() == "")
        try output.flush()
        #expect(pipe.contents() == "abc")
        try output.flush()
        #expect(pipe.contents() == "")
    }

    @Test func aFullBufferIsFlushed() throws {
        let pipe = try Pipe()
        let output = DescriptorOutput(descriptor: pipe.writeEnd)
        let half = String(repeating: "x", count: 1 << 15)
        try output.write(half)
        #expect(pipe.contents() == "")
        try output.write(half)
        #expect(pipe.contents() == half + half)
    }

    /// As with `| head`: a distinct error, and no signal.
    @Test func aClosedReaderIsNotAFailure() throws {
        let pipe = try Pipe()
        let output = DescriptorOutput(descriptor: pipe.writeEnd)
        let writer = RecordWriter(.jsonl, columns: [OutputColumn("a")], to: output)
        pipe.closeReadEnd()
        #expect(throws: OutputError.readerGone) { try writer.write([1]) }
    }

    @Test func aFullDiskIsAnErrorOfOneLine() throws {
        let full = open("/dev/full", O_WRONLY)
        try #require(full >= 0)
        defer { close(full) }
        let output = DescriptorOutput(descriptor: full)
        let writer = RecordWriter(.csv, columns: [OutputColumn("a")], to: output)
        let error = #expect(throws: OutputError.self) { try writer.write([1]) }
        #expect(
            error == .cannotWrite(name: "standard output", reason: "No space left on device"))
        #expect(
            error?.description == """
                standard output: cannot be written (No space left on device); check the free \
                space and where the output is sent
                """)
        // Failed text is not written again.
        try output.flush()
    }

    @Test func aClosedDescriptorIsAnError() throws {
        let output = DescriptorOutput(descriptor: -1, name: "results.csv")
        try output.write("a")
        #expect(
            throws: OutputError.cannotWrite(name: "results.csv", reason: "Bad file descriptor")
        ) { try output.flush() }
    }

    /// A non-blocking pipe that accepts only a part at a time.
    @Test(.timeLimit(.minutes(1))) func nonBlockingPipesReceiveEverything() async throws {
        let pipe = try Pipe()
        let (readEnd, writeEnd) = (pipe.readEnd, pipe.writeEnd)
        #expect(fcntl(writeEnd, F_SETFL, O_NONBLOCK) == 0)
        let text = String(repeating: "0123456789", count: 100_000)
        let reading = Task.detached {
            var received = ""
            while received.utf8.count < 1_000_000 {
                received += available(readEnd)
                usleep(100)
            }
            return received
        }
        let output = DescriptorOutput(descriptor: writeEnd)
        try output.write(text)
        #expect(await reading.value == text)
    }

    /// On one terminal, the bar is cleared before a row and redrawn after it.
    @Test(
        .enabled(if: access("/dev/pts/ptmx", F_OK) == 0, "no pseudoterminals: /dev/pts is empty"))
    func aBarDoesNotGarbleRows() throws {
        let (master, terminal) = try pseudoterminal()
        defer {
            close(terminal)
            close(master)
        }
        let time = TestTime()
        let progress = ProgressReporter(
            label: "run", unit: "images", total: nil, style: .bar(columns: 60),
            now: { time.value },
            sink: { text in _ = write(terminal, text, text.utf8.count) })
        let output = DescriptorOutput(descriptor: terminal, progress: progress)
        #expect(output.isTerminal)
        let writer = RecordWriter(.jsonl, columns: [OutputColumn("a")], to: output)
        for index in 0..<2 {
            time.advance(by: .seconds(1))
            progress.advance()
            try writer.write([.int(index)])
        }
        try writer.finish()
        progress.finish()
        #expect(
            available(master) == "\rrun  1 images\u{1B}[K\r\u{1B}[K{\"a\":0}\r\n"
                + "\rrun  2 images  1.00 images/s\u{1B}[K\r\u{1B}[K{\"a\":1}\r\n")
    }
}

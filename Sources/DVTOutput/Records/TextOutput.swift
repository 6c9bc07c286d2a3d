import DVTCore
import DVTSupport
import Glibc

/// The destination of records.
package protocol TextOutput: AnyObject {
    /// Appends text, which may be buffered.
    ///
    /// - Parameter text: the text.
    /// - Throws: ``OutputError`` if the system fails to write.
    func write(_ text: String) throws(OutputError)

    /// Writes all buffered text.
    ///
    /// - Throws: ``OutputError`` if the system fails to write.
    func flush() throws(OutputError)
}

/// Buffered output to a file descriptor that the caller opens and closes.
///
/// Call ``flush()`` after the last ``write(_:)``; its error means that the output is incomplete.
/// Deinitialization does not flush.
package final class DescriptorOutput: TextOutput {
    /// Whether the descriptor is a terminal's.
    package let isTerminal: Bool
    private let descriptor: Int32
    private let name: String
    private let progress: ProgressReporter?
    private var buffer: [UInt8] = []

    /// The buffer size in bytes.
    static let bufferByteCount = 1 << 16

    /// Creates an output.
    ///
    /// The process ignores SIGPIPE from then on: writing to a broken pipe becomes an error instead
    /// of ending the program.
    ///
    /// - Parameters:
    ///   - descriptor: the open descriptor.
    ///   - name: its name in error messages.
    ///   - progress: the progress bar on the terminal's last line, cleared while rows are written.
    package init(
        descriptor: Int32 = STDOUT_FILENO, name: String = "standard output",
        progress: ProgressReporter? = nil
    ) {
        ignoreBrokenPipes()
        isTerminal = isatty(descriptor) == 1
        self.descriptor = descriptor
        self.name = name
        self.progress = progress
    }

    package func write(_ text: String) throws(OutputError) {
        buffer += text.utf8
        if buffer.count >= Self.bufferByteCount {
            try flush()
        }
    }

    package func flush() throws(OutputError) {
        guard !buffer.isEmpty else { return }
        // Not retried after a failure: the reader could receive the text twice.
        defer { buffer.removeAll(keepingCapacity: true) }
        if isTerminal, let progress {
            try progress.whileCleared { () throws(OutputError) in try writeBuffer() }
        } else {
            try writeBuffer()
        }
    }

    private func writeBuffer() throws(OutputError) {
        switch writeAll(buffer, to: descriptor) {
        case 0: return
        case EPIPE: throw .readerGone
        case let code: throw .cannotWrite(name: name, reason: systemMessage(code))
        }
    }
}

/// Turns writes to a broken pipe into errors instead of a fatal signal.
func ignoreBrokenPipes() {
    signal(SIGPIPE, SIG_IGN)
}

import DVTCore
import DVTSupport
import Glibc

/// Where records go.
package protocol TextOutput: AnyObject {
    /// Whether somebody looks at it as it is written.
    var isTerminal: Bool { get }

    /// Appends text, which may wait in a buffer.
    ///
    /// - Parameter text: what to append.
    /// - Throws: ``OutputError`` if the system does not take it.
    func write(_ text: String) throws(OutputError)

    /// Hands everything that waits to the system.
    ///
    /// - Throws: ``OutputError`` if the system does not take it.
    func flush() throws(OutputError)
}

/// Buffered output to a file descriptor that somebody else opened and closes.
///
/// After the last ``write(_:)`` comes a ``flush()``, whose error says that the output is not
/// whole; nothing is flushed when the object goes.
package final class DescriptorOutput: TextOutput {
    /// Whether the descriptor is a terminal's.
    package let isTerminal: Bool
    private let descriptor: Int32
    private let name: String
    private let progress: ProgressReporter?
    private var buffer: [UInt8] = []

    /// The bytes that wait at most.
    static let bufferByteCount = 1 << 16

    /// Creates an output.
    ///
    /// A broken pipe then is an error of a write and no longer ends the program by SIGPIPE: the
    /// signal is ignored in the whole process from here on.
    ///
    /// - Parameters:
    ///   - descriptor: where to write.
    ///   - name: what error messages call it.
    ///   - progress: what may stand on the terminal's last line; it is cleared while rows are
    ///     written to a terminal.
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
        // What failed once is not tried again: the reader would get it twice.
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

/// Makes a write into a broken pipe an error instead of a signal that ends the program.
func ignoreBrokenPipes() {
    signal(SIGPIPE, SIG_IGN)
}

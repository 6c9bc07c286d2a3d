/// Output that could not be written.
package enum OutputError: Error, Equatable, Sendable {
    /// The reader closed the pipe, as `head` does, so there is nothing to report.
    case readerGone
    /// The system failed to write to `name`.
    case cannotWrite(name: String, reason: String)
}

extension OutputError: CustomStringConvertible {
    /// One line that names the output, the problem and the remedy.
    package var description: String {
        switch self {
        case .readerGone: "the reader of the output has closed the pipe"
        case .cannotWrite(let name, let reason):
            """
            \(name): cannot be written (\(reason)); check the free space and where the output \
            is sent
            """
        }
    }
}

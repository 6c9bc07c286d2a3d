/// Output that could not be written.
package enum OutputError: Error, Equatable, Sendable {
    /// The reader has gone, as `head` goes: there is no one to write for, and nothing to report.
    case readerGone
    /// The system did not take what was written to `name`.
    case cannotWrite(name: String, reason: String)
}

extension OutputError: CustomStringConvertible {
    /// One line that names the output, what is wrong and what to do.
    package var description: String {
        switch self {
        case .readerGone: "the reader of the output has gone"
        case .cannotWrite(let name, let reason):
            """
            \(name): cannot be written (\(reason)); check the free space and where the output \
            is sent
            """
        }
    }
}

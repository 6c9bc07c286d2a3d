import DVTCore
import DVTSupport

/// A set of labeled images that cannot be used.
public enum DataSetError: Error, Equatable, Sendable {
    /// The system refused to open or read `path`.
    case unreadable(path: String, reason: String)
    /// `path` holds no labeled image; `reason` says what was looked for.
    case empty(path: String, reason: String)
    /// `path` has several parts, and none was named.
    case splitNeeded(path: String, splits: [String])
    /// `path` has no part of this name.
    case unknownSplit(path: String, split: String, splits: [String])
    /// The file breaks the rules of its format.
    case damaged(path: String, reason: String)
    /// A line of a CSV file, from 1, does not name an image and its class.
    case invalidLine(path: String, line: Int, reason: String)
}

extension DataSetError: CustomStringConvertible {
    /// One line that names the file or folder, what is wrong and what to do.
    public var description: String {
        switch self {
        case .unreadable(let path, let reason):
            """
            \(shown(path)): cannot be read (\(printable(reason))); check the path and its permissions
            """
        case .empty(let path, let reason):
            "\(shown(path)): holds no labeled image: \(reason)"
        case .splitNeeded(let path, let splits):
            "\(shown(path)): has the parts \(splits.joined(separator: ", ")); name one of them"
        case .unknownSplit(let path, let split, let splits):
            "\(shown(path)): has no part \(quoted(split))"
                + (splits.isEmpty
                    ? "; leave it away for the whole set"
                    : "; there are \(splits.joined(separator: ", "))")
        case .damaged(let path, let reason):
            "\(shown(path)): \(reason)"
        case .invalidLine(let path, let line, let reason):
            "\(shown(path)): line \(line) \(reason)"
        }
    }
}

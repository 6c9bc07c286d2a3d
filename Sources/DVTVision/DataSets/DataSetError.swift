import DVTSupport

/// An unusable set of labeled images.
public enum DataSetError: Error, Equatable, Sendable {
    /// `path` cannot be opened or read.
    case unreadable(path: String, reason: String)
    /// `path` holds no labeled image; `reason` describes what was expected.
    case empty(path: String, reason: String)
    /// `path` has several parts, and none was selected.
    case splitNeeded(path: String, splits: [String])
    /// `path` has no part of this name.
    case unknownSplit(path: String, split: String, splits: [String])
    /// The file violates its format.
    case damaged(path: String, reason: String)
    /// A class folder does not belong to a class.
    case invalidFolder(path: String, reason: String)
    /// A line of a list, numbered from 1, does not name an image and its class.
    case invalidLine(path: String, line: Int, reason: String)
}

extension DataSetError: CustomStringConvertible {
    /// One line with the path, the problem and the remedy.
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
                    ? "; omit it to use the whole set"
                    : "; there are \(splits.joined(separator: ", "))")
        case .damaged(let path, let reason), .invalidFolder(let path, let reason):
            "\(shown(path)): \(reason)"
        case .invalidLine(let path, let line, let reason):
            "\(shown(path)): line \(line) \(reason)"
        }
    }
}

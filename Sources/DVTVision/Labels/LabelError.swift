import DVTSupport

/// Unusable class names.
public enum LabelError: Error, Equatable, Sendable {
    /// `path` cannot be opened.
    case cannotOpen(path: String, reason: String)
    /// `path` is a folder, a pipe or a device.
    case notRegularFile(path: String)
    /// `path` cannot be read.
    case cannotRead(path: String, reason: String)
    /// `path` is larger than the accepted size of a file of class names.
    case fileTooLarge(path: String, byteCount: Int, limit: Int)
    /// `path` holds no name.
    case empty(path: String)
    /// `path` is not UTF-8; `line`, from 1, is the first invalid line.
    case notUTF8(path: String, line: Int)
    /// Line `line` of `path`, from 1, is empty, but later lines are not.
    case emptyLine(path: String, line: Int)
    /// `path` begins like JSON, but is not valid JSON of class names.
    case notLabels(path: String, reason: String)
    /// `origin` has a different number of names than the model has classes.
    case wrongCount(origin: String, names: Int, classes: Int)
    /// The model `origin` names an unknown set of labels.
    case unknownName(origin: String, labels: String, known: [String])
}

extension LabelError: CustomStringConvertible {
    /// One line with the file, the problem and the remedy.
    public var description: String {
        "\(printable(origin)): \(problem)"
    }

    /// The file, or the name of the labels.
    public var origin: String {
        switch self {
        case .cannotOpen(let path, _), .notRegularFile(let path), .cannotRead(let path, _),
            .fileTooLarge(let path, _, _), .empty(let path), .notUTF8(let path, _),
            .emptyLine(let path, _), .notLabels(let path, _):
            path
        case .wrongCount(let origin, _, _), .unknownName(let origin, _, _):
            origin
        }
    }

    private var problem: String {
        switch self {
        case .cannotOpen(_, let reason):
            "cannot be opened (\(printable(reason))); check the path and its permissions"
        case .notRegularFile:
            "is not a regular file; give the path of a file of class names"
        case .cannotRead(_, let reason):
            "cannot be read (\(printable(reason))); check the disk, or copy the file again"
        case .fileTooLarge(_, let byteCount, let limit):
            """
            holds \(byteCount) bytes, more than the limit of \(limit); give a file of class \
            names, one per line
            """
        case .empty:
            "holds no class name; give a file with one name per line"
        default:
            contentProblem
        }
    }

    private var contentProblem: String {
        switch self {
        case .notUTF8(_, let line):
            "line \(line) is not UTF-8; save the file as UTF-8"
        case .emptyLine(_, let line):
            "line \(line) is empty, and a name follows; give each class one line"
        case .notLabels(_, let reason):
            """
            is not JSON that names classes (\(printable(reason))); give ["tench", ...], \
            {"0": "tench", ...} or one name per line
            """
        case .wrongCount(_, let names, let classes):
            """
            has \(names) class names, and the model has \(classes) classes; give labels with \
            one name for each
            """
        case .unknownName(_, let labels, let known):
            """
            names the unknown labels \(quoted(labels)); give a file of names, or one \
            of \(known.joined(separator: ", "))
            """
        default:
            ""
        }
    }
}

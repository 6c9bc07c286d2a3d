import Glibc

/// A failed operation on a file or folder.
public struct FileError: Error, Equatable, Sendable {
    /// The attempted operation.
    public enum Operation: Sendable {
        /// Opening a file for reading.
        case open
        /// Reading an open file.
        case read
        /// Mapping an open file into memory.
        case map
        /// Creating, writing, flushing or renaming a file.
        case write
        /// Creating a folder.
        case makeFolder
    }

    /// The cause of a failure.
    public enum Cause: Equatable, Sendable {
        /// A system call failed with this `errno`.
        case system(code: Int32)
        /// The path is a folder, a pipe or a device.
        case notRegularFile
        /// The file ends before byte `needed`, although it was longer when it was opened.
        case endedEarly(needed: Int)
        /// The file holds `byteCount` bytes or more, above the reader's limit.
        case tooLarge(byteCount: Int, limit: Int)
    }

    /// The file or folder, as the caller named it.
    public let path: String
    /// The attempted operation.
    public let operation: Operation
    /// The cause of the failure.
    public let cause: Cause

    /// Creates an error.
    ///
    /// - Parameters:
    ///   - path: the file or folder.
    ///   - operation: the attempted operation.
    ///   - cause: the cause of the failure.
    public init(path: String, operation: Operation, cause: Cause) {
        self.path = path
        self.operation = operation
        self.cause = cause
    }

    /// Creates an error from the `errno` of the last system call.
    static func system(_ operation: Operation, _ path: String) -> Self {
        Self(path: path, operation: operation, cause: .system(code: errno))
    }

    /// The cause as a clause, for errors that name the file themselves.
    public var reason: String {
        switch cause {
        case .system(let code): systemMessage(code)
        case .notRegularFile: "it is not a regular file"
        case .endedEarly(let needed): "it ends before byte \(needed)"
        case .tooLarge(let byteCount, let limit):
            "it has \(byteCount) bytes, more than the limit of \(limit)"
        }
    }
}

extension FileError: CustomStringConvertible {
    /// One line with the file, the failed operation, the cause and the remedy.
    public var description: String {
        "\(shown(path)): \(problem)"
    }

    private var problem: String {
        switch cause {
        case .system: "cannot be \(operation.participle) (\(reason)); \(operation.remedy)"
        case .notRegularFile: "is not a regular file; give the path of one"
        case .endedEarly(let needed):
            """
            ends before byte \(needed), so it was cut short after it was opened; open it again \
            once it is complete
            """
        case .tooLarge(let byteCount, let limit):
            "has \(byteCount) bytes, more than the limit of \(limit); give a smaller file"
        }
    }
}

extension FileError.Operation {
    fileprivate var participle: String {
        switch self {
        case .open: "opened"
        case .read: "read"
        case .map: "mapped into memory"
        case .write: "written"
        case .makeFolder: "created"
        }
    }

    fileprivate var remedy: String {
        switch self {
        case .open: "check the path and its permissions"
        case .read, .map: "check the disk, or copy the file again"
        case .write: "check the folder, its permissions and the free space"
        case .makeFolder: "check the path and its permissions"
        }
    }
}

import DVTSupport

/// An error type with cases for files that cannot be read; its texts name the right kind of file.
protocol FileReadingError: Error {
    static func cannotOpen(path: String, reason: String) -> Self
    static func cannotRead(path: String, reason: String) -> Self
    static func notRegularFile(path: String) -> Self
    static func fileTooLarge(path: String, byteCount: Int, limit: Int) -> Self
}

extension FileReadingError {
    /// The case of a file that cannot be read.
    init(_ error: FileError) {
        switch error.cause {
        case .system where error.operation == .open:
            self = .cannotOpen(path: error.path, reason: error.reason)
        case .system, .endedEarly:
            self = .cannotRead(path: error.path, reason: error.reason)
        case .notRegularFile:
            self = .notRegularFile(path: error.path)
        case .tooLarge(let byteCount, let limit):
            self = .fileTooLarge(path: error.path, byteCount: byteCount, limit: limit)
        }
    }
}

extension ImageError: FileReadingError {}
extension LabelError: FileReadingError {}

import Glibc

/// A file that is open for appending.
package final class AppendingFile {
    /// The path of the file.
    package let path: String
    private let descriptor: Int32

    /// Opens a file for appending after truncating it; creates it if it is missing.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - byteCount: the number of bytes to keep.
    /// - Throws: ``FileError`` if it cannot be opened or truncated, or is shorter than `byteCount`.
    package init(path: String, keeping byteCount: Int) throws(FileError) {
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw .system(.write, path) }
        self.path = path
        self.descriptor = descriptor
        guard Int(try fileStatus(of: descriptor, path: path).st_size) >= byteCount else {
            throw FileError(path: path, operation: .open, cause: .endedEarly(needed: byteCount))
        }
        guard ftruncate(descriptor, byteCount) == 0 else { throw .system(.write, path) }
    }

    deinit {
        close(descriptor)
    }

    /// Appends the bytes of numbers, in the machine's byte order.
    ///
    /// - Parameter values: the numbers.
    /// - Throws: ``FileError`` if the system fails to write.
    package func append(_ values: [some BitwiseCopyable]) throws(FileError) {
        let code = values.withUnsafeBytes { writeAll($0, to: descriptor) }
        guard code == 0 else {
            throw FileError(path: path, operation: .write, cause: .system(code: code))
        }
    }
}

import Glibc

/// Writes a temporary file in the folder of its destination and renames it into place, so readers
/// see either the old file or the complete new one.
package struct AtomicFileWriter: ~Copyable {
    private let path: String
    private let destination: String
    private let temporaryPath: String
    private let descriptor: Int32
    private var isCommitted = false

    /// Creates the temporary file, which is removed if the writer is released without a commit.
    ///
    /// - Parameters:
    ///   - path: the file to create or replace.
    ///   - isPrivate: whether only the user may read the new file, and whatever else is at `path`,
    ///     such as a symbolic link or a pipe, is replaced, as in a cache. Otherwise links are
    ///     followed, the new file gets the permissions of the old one, and a pipe or device is an
    ///     error.
    /// - Throws: ``FileError`` if no file can be created in the folder, or `path` is a folder, or a
    ///   pipe or device that must not be replaced.
    package init(path: String, isPrivate: Bool = false) throws(FileError) {
        let destination = isPrivate ? path : try Self.destination(of: path)
        let suffix = String(UInt64.random(in: .min ... .max), radix: 36)
        // The file's own name plus a suffix could exceed the system's limit.
        let temporaryPath = Self.folder(of: destination) + ".\(suffix).tmp"
        let descriptor = open(
            temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, isPrivate ? 0o600 : 0o666)
        guard descriptor >= 0 else { throw .system(.write, path) }
        // A user who could not read the old file must not be able to read the new one.
        var status = stat()
        if !isPrivate, stat(destination, &status) == 0 {
            fchmod(descriptor, status.st_mode & 0o777)
        }
        self.path = path
        self.destination = destination
        self.temporaryPath = temporaryPath
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
        if !isCommitted {
            unlink(temporaryPath)
        }
    }

    /// Appends bytes.
    ///
    /// - Parameter bytes: the bytes.
    /// - Throws: ``FileError`` if the system fails to write.
    package func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        try check(writeAll(bytes, to: descriptor))
    }

    /// Appends bytes.
    ///
    /// - Parameter bytes: the bytes.
    /// - Throws: ``FileError`` if the system fails to write.
    package func append(_ bytes: [UInt8]) throws(FileError) {
        try check(writeAll(bytes, to: descriptor))
    }

    private func check(_ code: Int32) throws(FileError) {
        guard code == 0 else {
            throw FileError(path: path, operation: .write, cause: .system(code: code))
        }
    }

    /// Moves the file to its destination.
    ///
    /// - Parameter flushing: whether to wait until the bytes are on the disk. Without it a power
    ///   failure may result in an empty file, but thousands of small files are written much faster.
    /// - Throws: ``FileError`` if flushing or renaming fails.
    package consuming func commit(flushing: Bool = true) throws(FileError) {
        // A rename may reach the disk before the contents do.
        guard !flushing || fsync(descriptor) == 0, rename(temporaryPath, destination) == 0 else {
            throw .system(.write, path)
        }
        isCommitted = true
    }

    /// The target of `path` after following links, which a rename may replace.
    private static func destination(of path: String) throws(FileError) -> String {
        var status = stat()
        guard stat(path, &status) == 0 else {
            return path
        }
        // A rename would replace a device such as /dev/null by a file.
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw FileError(path: path, operation: .write, cause: .notRegularFile)
        }
        guard let resolved = realpath(path, nil) else { throw .system(.write, path) }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    }
}

/// Creates or replaces a file atomically.
///
/// - Parameters:
///   - path: the file.
///   - bytes: its contents.
///   - isPrivate: see ``AtomicFileWriter/init(path:isPrivate:)``.
///   - flushing: see ``AtomicFileWriter/commit(flushing:)``.
/// - Throws: ``FileError``; the old file is unchanged.
package func replaceFile(
    _ path: String, with bytes: [UInt8], isPrivate: Bool = false, flushing: Bool = true
) throws(FileError) {
    let writer = try AtomicFileWriter(path: path, isPrivate: isPrivate)
    try writer.append(bytes)
    try writer.commit(flushing: flushing)
}

/// Creates or replaces a text file atomically.
///
/// - Parameters:
///   - path: the file.
///   - text: its contents, written as UTF-8.
/// - Throws: ``FileError``; the old file is unchanged.
package func replaceFile(_ path: String, with text: String) throws(FileError) {
    try replaceFile(path, with: Array(text.utf8))
}

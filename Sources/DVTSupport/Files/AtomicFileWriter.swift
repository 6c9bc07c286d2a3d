import Glibc

/// Writes a file beside its destination and renames it into place, so that a reader sees the
/// old file or the whole new one.
package struct AtomicFileWriter: ~Copyable {
    private let path: String
    private let destination: String
    private let temporaryPath: String
    private let descriptor: Int32
    private var isCommitted = false

    /// Creates the temporary file.
    ///
    /// - Parameter path: the file to replace or create; a symbolic link is followed.
    /// - Throws: ``FileError`` if its folder takes no new file, or if `path` is a folder,
    ///   a pipe or a device.
    package init(path: String) throws(FileError) {
        let destination = try Self.destination(of: path)
        let suffix = String(UInt64.random(in: .min ... .max), radix: 36)
        // Not the file's own name and a suffix: that can be too long where the name is not.
        let temporaryPath = Self.folder(of: destination) + ".\(suffix).tmp"
        let descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            throw .cannotWrite(path: path, reason: systemMessage())
        }
        // Who could not read the old file must not be able to read the new one.
        var status = stat()
        if stat(destination, &status) == 0 {
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
    /// - Parameter bytes: what to append.
    /// - Throws: ``FileError`` if the system does not take them all.
    package func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = write(descriptor, rest.baseAddress, rest.count)
            if count >= 0 {
                done += count
            } else if errno != EINTR {
                throw .cannotWrite(path: path, reason: systemMessage())
            }
        }
    }

    /// Puts the file in its place.
    ///
    /// - Parameter flushing: whether to wait until the bytes are on the disk. Without, a power cut
    ///   may leave an empty file, and thousands of small files take no longer than they must.
    /// - Throws: ``FileError`` if the bytes do not reach the disk or the rename fails.
    package consuming func commit(flushing: Bool = true) throws(FileError) {
        // A rename may reach the disk before the bytes do: after a power cut the name would
        // then stand for an empty file.
        guard !flushing || fsync(descriptor) == 0, rename(temporaryPath, destination) == 0 else {
            throw .cannotWrite(path: path, reason: systemMessage())
        }
        isCommitted = true
    }

    /// The file that `path` stands for, which a rename may replace.
    private static func destination(of path: String) throws(FileError) -> String {
        var status = stat()
        guard stat(path, &status) == 0 else {
            return path
        }
        // A rename would put a file where, say, /dev/null was.
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .notRegularFile(path: path)
        }
        guard let resolved = realpath(path, nil) else {
            throw .cannotWrite(path: path, reason: systemMessage())
        }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    }
}

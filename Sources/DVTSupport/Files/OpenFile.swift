import Glibc

/// A regular file that is open for reading.
package struct OpenFile: ~Copyable, Sendable {
    /// The path of the file.
    package let path: String
    /// The size when the file was opened, in bytes.
    package let byteCount: Int
    /// The user ID of the file's owner.
    package let owner: uid_t
    let descriptor: Int32

    /// Opens a file.
    ///
    /// - Parameter path: the file.
    /// - Throws: ``FileError`` if it cannot be opened or is not a regular file.
    package init(path: String) throws(FileError) {
        // Without O_NONBLOCK, opening a pipe would wait for a writer before the check below.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .system(.open, path) }
        let status: stat
        do throws(FileError) {
            status = try fileStatus(of: descriptor, path: path)
        } catch {
            close(descriptor)
            throw error
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw FileError(path: path, operation: .open, cause: .notRegularFile)
        }
        self.path = path
        byteCount = Int(status.st_size)
        owner = status.st_uid
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// The current size of the file, in bytes.
    ///
    /// - Throws: ``FileError`` if the system does not report it.
    package func currentByteCount() throws(FileError) -> Int {
        Int(try fileStatus(of: descriptor, path: path).st_size)
    }

    /// Reads a part of the file.
    ///
    /// - Parameters:
    ///   - offset: the first byte.
    ///   - count: the maximum number of bytes to read.
    /// - Returns: the bytes, fewer than `count` only at the end of the file.
    /// - Throws: ``FileError`` if the system fails to read.
    package func read(from offset: Int, upTo count: Int) throws(FileError) -> [UInt8] {
        var failure: FileError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            while done < count {
                let rest = UnsafeMutableBufferPointer(rebasing: buffer[done...])
                let step = pread(descriptor, rest.baseAddress, rest.count, offset + done)
                if step > 0 {
                    done += step
                } else if step == 0 {
                    return
                } else if errno != EINTR {
                    failure = .system(.read, path)
                    return
                }
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Reads the whole file.
    ///
    /// - Parameter limit: the maximum size in bytes.
    /// - Returns: the bytes.
    /// - Throws: ``FileError`` if the file is larger or the system fails to read.
    package func readAll(limit: Int) throws(FileError) -> [UInt8] {
        var bytes: [UInt8] = []
        var expected = byteCount
        while bytes.count <= limit, expected <= limit {
            let piece = try read(from: bytes.count, upTo: max(expected, 4096))
            if piece.isEmpty { return bytes }
            bytes += piece
            // Files in /proc and /sys report no valid size, so only an empty read marks the end.
            expected = 0
        }
        let found = max(bytes.count, expected)
        throw FileError(
            path: path, operation: .read, cause: .tooLarge(byteCount: found, limit: limit))
    }
}

/// Reads a whole regular file.
///
/// - Parameters:
///   - path: the file.
///   - limit: the maximum size in bytes.
/// - Returns: the bytes.
/// - Throws: ``FileError`` if it cannot be opened or read, is not a regular file, or is larger.
package func readFile(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
    let file = try OpenFile(path: path)
    return try file.readAll(limit: limit)
}

/// The status of an open file.
func fileStatus(of descriptor: Int32, path: String) throws(FileError) -> stat {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .system(.read, path) }
    return status
}

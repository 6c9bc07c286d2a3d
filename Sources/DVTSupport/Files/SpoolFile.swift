import Glibc

/// Numbers that wait in a file without a name, which disappears with it.
package struct SpoolFile: ~Copyable {
    private let path: String
    private let descriptor: Int32

    /// Creates an empty file in the folder of another one.
    ///
    /// - Parameter path: the other file, which messages name.
    /// - Throws: ``FileError`` if it cannot be created.
    package init(beside path: String) throws(FileError) {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        let suffix = String(UInt64.random(in: .min ... .max), radix: 36)
        let temporaryPath = "\(folder).\(suffix).tmp"
        let descriptor = open(temporaryPath, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system(.write, path) }
        unlink(temporaryPath)
        self.path = path
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// Appends bytes.
    ///
    /// - Parameter bytes: the bytes.
    /// - Throws: ``FileError`` if the system fails to write.
    package func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        let code = writeAll(bytes, to: descriptor)
        guard code == 0 else {
            throw FileError(path: path, operation: .write, cause: .system(code: code))
        }
    }

    /// Reads numbers that were appended as float32.
    ///
    /// - Parameters:
    ///   - count: the number of them.
    ///   - start: the index of the first one.
    /// - Returns: the numbers.
    /// - Throws: ``FileError`` if there are fewer or the system fails to read.
    package func read(_ count: Int, from start: Int) throws(FileError) -> [Float] {
        var failure: FileError?
        let size = MemoryLayout<Float>.stride
        let values = [Float](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            let bytes = UnsafeMutableRawBufferPointer(buffer)
            var done = 0
            while done < count * size {
                let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[done...])
                let step = pread(descriptor, rest.baseAddress, rest.count, start * size + done)
                if step > 0 {
                    done += step
                } else if step == 0 || errno != EINTR {
                    failure =
                        step == 0
                        ? FileError(
                            path: path, operation: .read,
                            cause: .endedEarly(needed: (start + count) * size))
                        : .system(.read, path)
                    return
                }
            }
            initializedCount = count
        }
        if let failure { throw failure }
        return values
    }
}

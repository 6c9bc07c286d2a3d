import Glibc

#if _endian(big)
#error("The readers copy little-endian numbers into memory as they are.")
#endif

/// A file mapped read-only into memory, for any thread.
///
/// A mapped file that shrinks under the program ends it by SIGBUS when a lost page is touched. So
/// every access asks for the file's length first and reports the loss as
/// ``FileError/endedEarly(path:needed:)``; only a file cut within that access itself
/// still ends the program. A file that is replaced by a rename stays whole: the mapping keeps the
/// old one.
package final class MappedFile: Sendable {
    /// The path it was opened by.
    package let path: String
    /// The size it had when it was opened.
    package let byteCount: Int
    /// Of the file, or nil for memory of the program's own.
    private let descriptor: Int32?
    // Nobody writes through it: the pages are mapped for reading alone.
    private nonisolated(unsafe) let mapping: UnsafeRawBufferPointer

    /// Opens and maps a regular file.
    ///
    /// - Parameter path: the file.
    /// - Throws: ``FileError`` if it cannot be opened, is not a regular file or cannot be
    ///   mapped.
    package init(path: String) throws(FileError) {
        // Without O_NONBLOCK, opening a pipe would wait for a writer before it can be refused.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw .cannotOpen(path: path, reason: systemMessage())
        }
        do throws(FileError) {
            byteCount = try Self.regularByteCount(of: descriptor, path: path)
            mapping = try Self.map(descriptor, byteCount: byteCount, path: path)
        } catch {
            close(descriptor)
            throw error
        }
        self.path = path
        self.descriptor = descriptor
    }

    /// Takes memory of the program's own for a file.
    ///
    /// - Parameters:
    ///   - bytes: what lives as long as the program.
    ///   - name: what messages call it.
    package init(permanent bytes: UnsafeRawBufferPointer, name: String) {
        path = name
        byteCount = bytes.count
        mapping = bytes
        descriptor = nil
    }

    deinit {
        guard let descriptor else { return }
        if let base = mapping.baseAddress {
            munmap(UnsafeMutableRawPointer(mutating: base), mapping.count)
        }
        close(descriptor)
    }

    /// Looks at a part of the file in place.
    ///
    /// - Parameters:
    ///   - range: the bytes, within ``byteCount``.
    ///   - body: what to do with them; they must not be kept.
    /// - Returns: what `body` returns.
    /// - Throws: ``FileError`` if the file has become too short, and what `body` throws.
    package func withBytes<Result>(
        in range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= byteCount,
            "bytes \(range) are not in a file of \(byteCount) bytes")
        if let descriptor {
            let present = try Self.regularByteCount(of: descriptor, path: path)
            guard range.upperBound <= present else {
                throw FileError.endedEarly(path: path, needed: range.upperBound)
            }
        }
        return try body(UnsafeRawBufferPointer(rebasing: mapping[range]))
    }

    private static func regularByteCount(
        of descriptor: Int32, path: String
    ) throws(FileError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw .cannotRead(path: path, reason: systemMessage())
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .notRegularFile(path: path)
        }
        return Int(status.st_size)
    }

    private static func map(
        _ descriptor: Int32, byteCount: Int, path: String
    ) throws(FileError) -> UnsafeRawBufferPointer {
        // The system refuses to map nothing.
        guard byteCount > 0 else {
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        let base = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard base != MAP_FAILED else {
            throw .cannotRead(path: path, reason: systemMessage())
        }
        return UnsafeRawBufferPointer(start: base, count: byteCount)
    }
}

import Glibc

#if _endian(big)
#error("The readers copy little-endian numbers into memory as they are.")
#endif

/// A file mapped read-only into memory, for use from any thread.
///
/// Touching a page beyond the end of a file that has shrunk raises SIGBUS. Every access therefore
/// checks the file's length first and reports the loss as ``FileError/Cause/endedEarly(needed:)``;
/// only a file cut during that access still ends the program. A file replaced by a rename stays
/// readable: the mapping keeps the old one.
package final class MappedFile: Sendable {
    /// The path it was opened by.
    package let path: String
    /// The size it had when it was opened.
    package let byteCount: Int
    /// Nil for memory of the program's own.
    private let file: OpenFile?
    // Safe to share: the pages are mapped for reading only.
    private nonisolated(unsafe) let mapping: UnsafeRawBufferPointer

    /// Opens and maps a regular file.
    ///
    /// - Parameter path: the file.
    /// - Throws: ``FileError`` if it cannot be opened or mapped, or is not a regular file.
    package init(path: String) throws(FileError) {
        let file = try OpenFile(path: path)
        mapping = try Self.map(file)
        byteCount = file.byteCount
        self.path = path
        self.file = consume file
    }

    /// Presents memory of the program's own as a file.
    ///
    /// - Parameters:
    ///   - bytes: memory that lives as long as the program.
    ///   - name: the name used in messages.
    package init(permanent bytes: UnsafeRawBufferPointer, name: String) {
        path = name
        byteCount = bytes.count
        mapping = bytes
        file = nil
    }

    deinit {
        if file != nil, let base = mapping.baseAddress {
            munmap(UnsafeMutableRawPointer(mutating: base), mapping.count)
        }
    }

    /// Accesses a part of the file in place.
    ///
    /// - Parameters:
    ///   - range: the bytes, within ``byteCount``.
    ///   - body: receives the bytes, which must not be used after it returns.
    /// - Returns: what `body` returns.
    /// - Throws: ``FileError`` if the file has become too short, and what `body` throws.
    package func withBytes<Result>(
        in range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= byteCount,
            "bytes \(range) are not in a file of \(byteCount) bytes")
        if let present = try file?.currentByteCount(), present < range.upperBound {
            throw FileError(
                path: path, operation: .read, cause: .endedEarly(needed: range.upperBound))
        }
        return try body(UnsafeRawBufferPointer(rebasing: mapping[range]))
    }

    private static func map(
        _ file: borrowing OpenFile
    ) throws(FileError) -> UnsafeRawBufferPointer {
        // The system refuses to map nothing.
        guard file.byteCount > 0 else {
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        let base = mmap(nil, file.byteCount, PROT_READ, MAP_PRIVATE, file.descriptor, 0)
        guard base != MAP_FAILED else { throw .system(.map, file.path) }
        return UnsafeRawBufferPointer(start: base, count: file.byteCount)
    }
}

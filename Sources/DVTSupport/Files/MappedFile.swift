import Glibc

#if _endian(big)
#error("The readers copy little-endian numbers into memory as they are.")
#endif

/// A file mapped read-only into memory, for use from any thread.
///
/// Access beyond the end of a truncated file raises SIGBUS. Every access therefore checks the
/// length of the file first and reports truncation as ``FileError/Cause/endedEarly(needed:)``; only
/// truncation during an access still ends the program. A file replaced by a rename stays readable:
/// the mapping retains the old one.
package final class MappedFile: Sendable {
    /// The path of the file.
    package let path: String
    /// The size when the file was opened, in bytes.
    package let byteCount: Int
    /// Nil for memory of the program.
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

    /// Presents memory of the program, such as embedded data, as a file.
    ///
    /// - Parameters:
    ///   - bytes: memory that is valid until the program ends.
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
    /// - Returns: the result of `body`.
    /// - Throws: ``FileError`` if the file has been truncated, and errors of `body`.
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
        // The system cannot map an empty range.
        guard file.byteCount > 0 else {
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        let base = mmap(nil, file.byteCount, PROT_READ, MAP_PRIVATE, file.descriptor, 0)
        guard base != MAP_FAILED else { throw .system(.map, file.path) }
        return UnsafeRawBufferPointer(start: base, count: file.byteCount)
    }
}

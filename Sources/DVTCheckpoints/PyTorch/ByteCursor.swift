/// Reads bytes from front to back, never past the end.
///
/// It points into memory that it does not keep alive: use it only where that memory is lent.
struct ByteCursor {
    private let bytes: UnsafeRawBufferPointer
    /// The byte that is read next.
    private(set) var offset = 0

    /// Creates a cursor at the first byte.
    ///
    /// - Parameter bytes: the memory.
    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// The number of bytes not yet read.
    var remaining: Int { bytes.count - offset }

    /// Passes over bytes.
    ///
    /// - Parameter count: how many, not negative.
    /// - Returns: the bytes, or nil where fewer are left, and then none are passed over.
    mutating func take(_ count: Int) -> UnsafeRawBufferPointer? {
        guard count <= remaining else { return nil }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
    }

    /// Reads a little-endian integer.
    ///
    /// - Parameter type: its type.
    /// - Returns: the integer, or nil where too few bytes are left.
    mutating func integer<Number: FixedWidthInteger>(_ type: Number.Type) -> Number? {
        take(MemoryLayout<Number>.size)?.loadUnaligned(as: type)
    }

    /// Reads a line that a line feed ends.
    ///
    /// - Returns: the line without its end, or nil where no line feed follows.
    mutating func line() -> UnsafeRawBufferPointer? {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
        guard let count = rest.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        offset += count + 1
        return UnsafeRawBufferPointer(rebasing: rest[..<count])
    }
}

extension UnsafeRawBufferPointer {
    /// A part of the bytes, or nil if it is not all there.
    ///
    /// - Parameters:
    ///   - offset: its first byte.
    ///   - count: its size.
    /// - Returns: the part.
    func part(at offset: UInt64, count: UInt64) -> UnsafeRawBufferPointer? {
        let (end, overflow) = offset.addingReportingOverflow(count)
        guard !overflow, end <= self.count else { return nil }
        return UnsafeRawBufferPointer(rebasing: self[Int(offset)..<Int(end)])
    }
}

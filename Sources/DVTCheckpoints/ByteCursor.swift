/// Reads bytes sequentially, with bounds checks.
///
/// The cursor does not own the memory and must not outlive it.
struct ByteCursor {
    private let bytes: UnsafeRawBufferPointer
    /// The offset of the next byte.
    private(set) var offset = 0

    /// Creates a cursor at the first byte.
    ///
    /// - Parameter bytes: the memory.
    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// The number of bytes not yet read.
    var remaining: Int { bytes.count - offset }

    /// Reads bytes.
    ///
    /// - Parameter count: the number of bytes, not negative.
    /// - Returns: the bytes, or nil if fewer are left; then nothing is read.
    mutating func take(_ count: Int) -> UnsafeRawBufferPointer? {
        guard count <= remaining else { return nil }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
    }

    /// Reads a little-endian integer.
    ///
    /// - Parameter type: the integer's type.
    /// - Returns: the integer, or nil if too few bytes are left.
    mutating func integer<Number: FixedWidthInteger>(_ type: Number.Type) -> Number? {
        take(MemoryLayout<Number>.size)?.loadUnaligned(as: type)
    }

    /// Reads a line that ends with a line feed.
    ///
    /// - Returns: the line without the line feed, or nil if there is no line feed.
    mutating func line() -> UnsafeRawBufferPointer? {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
        guard let count = rest.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        offset += count + 1
        return UnsafeRawBufferPointer(rebasing: rest[..<count])
    }
}

extension UnsafeRawBufferPointer {
    /// Returns a range of the bytes, if it is within bounds.
    ///
    /// - Parameters:
    ///   - offset: the first byte.
    ///   - count: the number of bytes.
    /// - Returns: the bytes, or nil if they are out of bounds.
    func part(at offset: UInt64, count: UInt64) -> UnsafeRawBufferPointer? {
        let (end, overflow) = offset.addingReportingOverflow(count)
        guard !overflow, end <= self.count else { return nil }
        return UnsafeRawBufferPointer(rebasing: self[Int(offset)..<Int(end)])
    }
}

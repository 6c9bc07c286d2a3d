extension [UInt8] {
    /// The 2-byte big-endian integer at `offset`.
    func bigEndian16(at offset: Int) -> UInt16 {
        UInt16(self[offset]) << 8 | UInt16(self[offset + 1])
    }

    /// The 4-byte big-endian integer at `offset`.
    func bigEndian32(at offset: Int) -> UInt32 {
        UInt32(bigEndian16(at: offset)) << 16 | UInt32(bigEndian16(at: offset + 2))
    }

    /// The 2-byte little-endian integer at `offset`.
    func littleEndian16(at offset: Int) -> Int {
        Int(self[offset]) | Int(self[offset + 1]) << 8
    }

    /// The 3-byte little-endian integer at `offset`.
    func littleEndian24(at offset: Int) -> Int {
        Int(self[offset]) | Int(self[offset + 1]) << 8 | Int(self[offset + 2]) << 16
    }

    /// The 4-byte little-endian integer at `offset`.
    func littleEndian32(at offset: Int) -> UInt32 {
        UInt32(littleEndian24(at: offset)) | UInt32(self[offset + 3]) << 24
    }
}

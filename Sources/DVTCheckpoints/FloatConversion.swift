/// Number formats of 16 bits, and their conversion from and to float32.
///
/// A conversion to fewer bits rounds to the nearest value, ties to even, as PyTorch does.
package enum HalfFormat: Sendable {
    /// IEEE 754 binary16: 5 bits of exponent, 10 of fraction.
    case float16
    /// The upper half of a float32: 8 bits of exponent, 7 of fraction.
    case bfloat16

    /// The largest relative error of rounding to the format, but for the smallest numbers.
    var roundoff: Double { self == .float16 ? 0x1p-11 : 0x1p-8 }

    /// The largest such error in a file.
    ///
    /// - Parameter formats: the format of each tensor, nil for those of 32 bits and more.
    /// - Returns: the error; float32's where there is no format.
    static func roundoff(of formats: some Sequence<HalfFormat?>) -> Double {
        formats.compactMap { $0?.roundoff }.max() ?? 0x1p-24
    }

    /// The float32 equal to a 16-bit pattern.
    ///
    /// - Parameter bits: the pattern.
    /// - Returns: its value, exactly.
    package func decode(_ bits: UInt16) -> Float {
        switch self {
        case .float16: Float(Float16(bitPattern: bits))
        case .bfloat16: Float(bitPattern: UInt32(bits) << 16)
        }
    }

    /// The 16-bit pattern nearest to a float32.
    ///
    /// - Parameter value: the number; beyond the format's range it becomes an infinity.
    /// - Returns: the pattern; a NaN stays a NaN.
    package func encode(_ value: Float) -> UInt16 {
        switch self {
        case .float16: Float16(value).bitPattern
        case .bfloat16: Self.roundedUpperHalf(value)
        }
    }

    /// The float32 numbers equal to a run of 16-bit patterns.
    ///
    /// - Parameter bytes: the patterns, little-endian, aligned or not.
    /// - Returns: one number a pattern.
    package func decode(_ bytes: UnsafeRawBufferPointer) -> [Float] {
        let count = bytes.count / MemoryLayout<UInt16>.stride
        return [Float](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            for index in 0..<count {
                let bits = bytes.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
                buffer.initializeElement(at: index, to: decode(bits))
            }
            initializedCount = count
        }
    }

    private static func roundedUpperHalf(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        let upper = UInt16(truncatingIfNeeded: bits >> 16)
        guard !value.isNaN else {
            // Rounding could carry a NaN's fraction into the exponent. Cut off instead, and set
            // the quiet bit where that leaves an infinity.
            return upper & 0x7F == 0 ? upper | 0x40 : upper
        }
        let half = 0x7FFF + (bits >> 16 & 1)
        return UInt16(truncatingIfNeeded: (bits + half) >> 16)
    }
}

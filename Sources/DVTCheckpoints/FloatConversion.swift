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
        case .float16: Self.widened(bits)
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
            // One loop a format: a choice within would keep the compiler from making vectors.
            switch self {
            case .float16: Self.decode(bytes, into: buffer, count, Self.widened)
            case .bfloat16:
                Self.decode(bytes, into: buffer, count) { Float(bitPattern: UInt32($0) << 16) }
            }
            initializedCount = count
        }
    }

    @inline(__always)
    private static func decode(
        _ bytes: UnsafeRawBufferPointer, into buffer: UnsafeMutableBufferPointer<Float>,
        _ count: Int, _ value: (UInt16) -> Float
    ) {
        guard let source = bytes.baseAddress, let target = buffer.baseAddress else { return }
        for index in 0..<count {
            let bits = source.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
            (target + index).initialize(to: value(bits))
        }
    }

    /// A binary16 as float32, by integers and one product, so that the compiler can make vectors of
    /// it: Float16's own conversion is a call where the processor is any x86-64.
    private static func widened(_ bits: UInt16) -> Float {
        let magnitude = UInt32(bits & 0x7FFF)
        // The exponents' biases differ by 112; the product also normalizes what is subnormal.
        let scaled = (Float(bitPattern: magnitude << 13) * 0x1p112).bitPattern
        let infinity: UInt32 = magnitude >= 0x7C00 ? 0x7F80_0000 : 0
        // A NaN becomes a quiet one, as the processors' own conversions make it.
        let quiet: UInt32 = magnitude > 0x7C00 ? 0x0040_0000 : 0
        return Float(bitPattern: scaled | infinity | quiet | UInt32(bits & 0x8000) << 16)
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

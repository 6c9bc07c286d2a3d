/// A 16-bit floating-point format, converted from and to float32.
///
/// Conversion to 16 bits rounds to nearest, ties to even, as PyTorch does.
package enum HalfFormat: Sendable {
    /// IEEE 754 binary16: 5 exponent bits, 10 fraction bits.
    case float16
    /// The upper half of a float32: 8 exponent bits, 7 fraction bits.
    case bfloat16

    /// The largest relative rounding error, except for subnormal numbers.
    package var roundoff: Double { self == .float16 ? 0x1p-11 : 0x1p-8 }

    /// The largest relative rounding error in a file.
    ///
    /// - Parameter formats: the format of each tensor; nil for elements of 32 bits or more.
    /// - Returns: the error; float32's if there is no 16-bit format.
    package static func roundoff(of formats: some Sequence<HalfFormat?>) -> Double {
        formats.compactMap { $0?.roundoff }.max() ?? 0x1p-24
    }

    /// Converts a 16-bit pattern to float32, exactly.
    ///
    /// - Parameter bits: the pattern.
    /// - Returns: its value.
    package func decode(_ bits: UInt16) -> Float {
        switch self {
        case .float16: Self.widened(bits)
        case .bfloat16: Float(bitPattern: UInt32(bits) << 16)
        }
    }

    /// Rounds a float32 to the nearest 16-bit pattern.
    ///
    /// - Parameter value: the number; out of the format's range it becomes an infinity.
    /// - Returns: the pattern; NaN is kept.
    package func encode(_ value: Float) -> UInt16 {
        switch self {
        case .float16: Self.narrowed(value)
        case .bfloat16: Self.roundedUpperHalf(value)
        }
    }

    /// Rounds float32 numbers to 16-bit patterns; see ``encode(_:)-(Float)``.
    ///
    /// - Parameter values: the numbers.
    /// - Returns: one pattern per number.
    package func encode(_ values: [Float]) -> [UInt16] {
        // One loop per format: a switch inside the loop would prevent vectorization.
        switch self {
        case .float16: values.map(Self.narrowed)
        case .bfloat16: values.map(Self.roundedUpperHalf)
        }
    }

    /// Converts 16-bit patterns to float32, exactly.
    ///
    /// - Parameter bytes: the patterns, little-endian, aligned or not.
    /// - Returns: one number per pattern.
    package func decode(_ bytes: UnsafeRawBufferPointer) -> [Float] {
        let count = bytes.count / MemoryLayout<UInt16>.stride
        return [Float](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            // One loop per format: a switch inside the loop would prevent vectorization.
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

    /// Converts a binary16 to float32 with integer operations and one product, which vectorize; the
    /// conversion of `Float16` is a function call on baseline x86-64.
    private static func widened(_ bits: UInt16) -> Float {
        let magnitude = UInt32(bits & 0x7FFF)
        // The exponent biases differ by 112; the product also normalizes subnormal numbers.
        let scaled = (Float(bitPattern: magnitude << 13) * 0x1p112).bitPattern
        let infinity: UInt32 = magnitude >= 0x7C00 ? 0x7F80_0000 : 0
        // NaN becomes quiet, as in hardware conversions.
        let quiet: UInt32 = magnitude > 0x7C00 ? 0x0040_0000 : 0
        return Float(bitPattern: scaled | infinity | quiet | UInt32(bits & 0x8000) << 16)
    }

    /// Rounds a float32 to binary16 with integer operations and one sum, which vectorize.
    private static func narrowed(_ value: Float) -> UInt16 {
        let sign = UInt16(truncatingIfNeeded: value.bitPattern >> 16 & 0x8000)
        let magnitude = value.bitPattern & 0x7FFF_FFFF
        let half = 0xFFF + (magnitude >> 13 & 1)
        let normal = (magnitude &+ half &- 112 << 23) >> 13
        // Next to 1/2 the spacing of float32 is that of subnormal binary16, so the sum rounds.
        let subnormal = (Float(bitPattern: magnitude) + 0.5).bitPattern &- Float(0.5).bitPattern
        let finite = magnitude < 0x3880_0000 ? subnormal : normal
        // From 65520 on, numbers round to infinity. NaN keeps its upper bits and becomes quiet.
        let isInfinite = magnitude >= 0x477F_F000
        let isNaN = magnitude > 0x7F80_0000
        let bits = isInfinite ? 0x7C00 : finite
        let nan = 0x7E00 | (magnitude >> 13 & 0x3FF)
        return sign | UInt16(truncatingIfNeeded: isNaN ? nan : bits)
    }

    /// Rounds a float32 to its upper half.
    ///
    /// Rounding could carry a NaN's fraction into the exponent. It is truncated, and the quiet bit
    /// is set if that would give an infinity.
    private static func roundedUpperHalf(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        let rounded = (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16
        let upper = bits >> 16
        let nan = upper & 0x7F == 0 ? upper | 0x40 : upper
        return UInt16(truncatingIfNeeded: bits & 0x7FFF_FFFF > 0x7F80_0000 ? nan : rounded)
    }
}

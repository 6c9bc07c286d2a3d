import DVTSupport
import Foundation
import Testing

/// The value of a pattern by the definition of its format.
private func value(of bits: UInt16, exponentBits: Int, fractionBits: Int) -> Double {
    let sign: Double = bits >> 15 == 0 ? 1 : -1
    let bias = 1 << (exponentBits - 1) - 1
    let exponent = Int(bits & 0x7FFF) >> fractionBits
    let fraction = Double(Int(bits) & (1 << fractionBits - 1))
    let steps = scalbn(fraction, -fractionBits)
    if exponent == 1 << exponentBits - 1 {
        return fraction == 0 ? sign * .infinity : .nan
    }
    return exponent == 0
        ? sign * scalbn(steps, 1 - bias) : sign * scalbn(1 + steps, exponent - bias)
}

private func value(of bits: UInt16, _ format: HalfFormat) -> Double {
    switch format {
    case .float16: value(of: bits, exponentBits: 5, fractionBits: 10)
    case .bfloat16: value(of: bits, exponentBits: 8, fractionBits: 7)
    }
}

@Suite struct HalfFormatTests {
    @Test(arguments: [HalfFormat.float16, .bfloat16])
    func everyPatternHasItsValueAndRoundTrips(format: HalfFormat) {
        for bits in UInt16.min ... .max {
            let number = format.decode(bits)
            let expected = value(of: bits, format)
            if expected.isNaN {
                #expect(number.isNaN)
                #expect(format.decode(format.encode(number)).isNaN)
                #expect(format.encode(number) >> 15 == bits >> 15)
            } else {
                #expect(Double(number) == expected)
                #expect(number.sign == (bits >> 15 == 0 ? .plus : .minus))
                #expect(format.encode(number) == bits)
            }
        }
    }

    /// Every midpoint of two neighbors rounds to the even one, its float32 neighbors to theirs.
    @Test(arguments: [(HalfFormat.float16, UInt16(0x7BFF)), (.bfloat16, 0x7F7F)])
    func roundsToNearestEven(format: HalfFormat, largest: UInt16) {
        for lower in 0..<largest {
            let upper = lower + 1
            let sum = Double(format.decode(lower)) + Double(format.decode(upper))
            let middle = Float(sum / 2)
            guard Double(middle) == sum / 2 else { continue }  // below float32's smallest step
            #expect(format.encode(middle) == (lower & 1 == 0 ? lower : upper))
            #expect(format.encode(middle.nextDown) == lower)
            #expect(format.encode(middle.nextUp) == upper)
            #expect(format.encode(-middle) == (lower & 1 == 0 ? lower : upper) | 0x8000)
        }
    }

    @Test(arguments: [HalfFormat.float16, .bfloat16])
    func tooLargeValuesBecomeInfinite(format: HalfFormat) {
        #expect(format.decode(format.encode(.greatestFiniteMagnitude)) == .infinity)
        #expect(format.decode(format.encode(-.greatestFiniteMagnitude)) == -.infinity)
    }

    /// A NaN whose fraction has only lower bits must not become an infinity.
    @Test func bfloat16KeepsNaN() {
        #expect(HalfFormat.bfloat16.encode(Float(bitPattern: 0x7F80_0001)) == 0x7FC0)
        #expect(HalfFormat.bfloat16.encode(Float(bitPattern: 0xFFFF_FFFF)) == 0xFFFF)
    }

    @Test func decodesUnalignedBytes() {
        let bytes: [UInt8] = [0xFF, 0x00, 0x3C, 0x00, 0xC0]
        let floats = bytes.withUnsafeBytes { all in
            HalfFormat.float16.decode(UnsafeRawBufferPointer(rebasing: all[1...]))
        }
        #expect(floats == [1, -2])
    }
}

/// A sequential generator over the bits of ``SeededValues``.
package struct SeededGenerator: Sendable {
    private let values: SeededValues
    private var drawn = 0

    /// Creates a generator.
    ///
    /// - Parameters:
    ///   - name: the purpose of the numbers; different names give unrelated sequences.
    ///   - seed: the seed.
    package init(name: String, seed: UInt64) {
        values = SeededValues(name: name, seed: seed)
    }

    /// The next 64 random bits.
    package mutating func bits() -> UInt64 {
        defer { drawn += 1 }
        return values.bits(drawn)
    }

    /// The next number, uniform in [0, 1).
    package mutating func unit() -> Double {
        // 53 bits: every such number is a Double.
        Double(bits() >> 11) * 0x1p-53
    }

    /// The next number, uniform in a range.
    package mutating func next(_ range: ClosedRange<Double>) -> Double {
        range.lowerBound + (range.upperBound - range.lowerBound) * unit()
    }

    /// The next integer, uniform in `0..<count` to within 1 in 2^53.
    package mutating func next(below count: Int) -> Int {
        Int(unit() * Double(count))
    }

    /// The next random bit.
    package mutating func coin() -> Bool {
        bits() >> 63 == 1
    }
}

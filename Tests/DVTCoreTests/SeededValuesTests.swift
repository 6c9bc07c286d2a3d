import DVTCore
import DVTSupport
import Testing

@Suite struct SeededValuesTests {
    /// Values computed by an independent implementation in Python.
    @Test(arguments: [
        ("input.fine", UInt64(1), 0, Float(0.41944098472595215)),
        ("input.fine", 1, 1_000_000, -0.40503668785095215),
        ("normal_token.head.weight", 1, 7, -0.35204029083251953),
        ("é", .max, 3, -0.8743400573730469),
    ])
    func equalsTheDefinition(name: String, seed: UInt64, index: Int, value: Float) {
        #expect(SeededValues(name: name, seed: seed)[index] == value)
    }

    @Test func scalesAndShiftsInFloat32() {
        let plain = Tensor.uniform([5], name: "x", seed: 3)
        let moved = Tensor.uniform([5], name: "x", seed: 3, scale: 0.1, offset: 1)
        #expect(moved.values == plain.values.map { 1 + 0.1 * $0 })
    }

    @Test func staysInItsRange() {
        let values = Tensor.uniform([10_000], name: "range", seed: 1).values
        #expect(values.allSatisfy { $0 >= -1 && $0 < 1 })
        // The mean of n uniform numbers has a deviation of 0.58 / sqrt(n); 5 of them is 0.03.
        #expect(abs(values.reduce(0, +) / 10_000) < 0.03)
    }
}

import Testing

@testable import DVTTraining

/// The moments of random numbers.
///
/// All are means of 20,000 numbers, which are the same in every run; bounds are at least five
/// standard errors.
@Suite struct DistributionTests {
    private static let count = 20_000

    @Test func normalNumbersHaveTheirMoments() {
        var random = numbers()
        let values = (0..<Self.count).map { _ in random.normal() }
        // Standard errors: 1 / 141 and sqrt(2) / 141.
        #expect(abs(values.mean) < 0.036 && abs(values.variance - 1) < 0.05)
        let tail = values.count { abs($0) > 1.96 }
        // 5 % of them, with a deviation of 31.
        #expect(abs(tail - 1000) < 155)
    }

    /// Mean and variance are both the shape.
    @Test(arguments: [0.05, 0.8, 1, 3.5])
    func gammaNumbersHaveTheirMoments(shape: Double) {
        var random = numbers()
        let values = (0..<Self.count).map { _ in random.gamma(shape) }
        #expect(values.allSatisfy { $0 >= 0 && $0.isFinite })
        // Errors: of the mean sqrt(a / n), of the variance sqrt((2 a^2 + 6 a) / n).
        let count = Double(Self.count)
        #expect(abs(values.mean - shape) < 5 * (shape / count).squareRoot())
        let error = ((2 * shape * shape + 6 * shape) / count).squareRoot()
        #expect(abs(values.variance - shape) < 5 * error)
    }

    /// Mean 1/2 and variance 1 / (8 a + 4).
    @Test(arguments: [0.01, 0.8, 1, 100])
    func betaNumbersHaveTheirMoments(alpha: Double) {
        var random = numbers()
        let values = (0..<Self.count).map { _ in random.beta(alpha) }
        #expect(values.allSatisfy { (0...1).contains($0) })
        let variance = 1 / (8 * alpha + 4)
        #expect(abs(values.mean - 0.5) < 5 * (variance / Double(Self.count)).squareRoot())
        // The fourth moment is at most a quarter of the variance: values lie within 0 and 1.
        #expect(
            abs(values.variance - variance) < 5 * (variance / 4 / Double(Self.count)).squareRoot())
    }

    @Test func ratiosAreLogUniform() {
        var random = numbers()
        let values = (0..<Self.count).map { _ in random.nextRatio(0.5...2) }
        // One ulp of slack for the rounding of exp and log.
        #expect(values.allSatisfy { (0.4999...2.0001).contains($0) })
        #expect(abs(values.count { $0 < 1 } - Self.count / 2) < 354)
    }
}

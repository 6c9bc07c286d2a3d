import DVTCore
import DVTSupport
import Testing

@testable import DVTTraining

/// The distribution of the drawn operations.
@Suite struct RandAugmentTests {
    private func draw(_ randAugment: RandAugment, count: Int) -> [[ImageOperation]] {
        (0..<count).map { index in
            var random = SeededGenerator(name: "draw.\(index)", seed: 1)
            return randAugment.operations(random: &random)
        }
    }

    @Test func operationsAreEquallyFrequent() {
        let drawn = draw(RandAugment(), count: 15_000).flatMap { $0 }
        // Two layers, each skipped half of the time: 15,000 with a deviation of 87.
        #expect(abs(drawn.count - 15_000) < 435)
        let counts = Dictionary(grouping: drawn) { operation in
            "\(operation)".prefix { $0 != "(" }
        }.mapValues(\.count)
        // 1,000 of each with a deviation of 31.
        #expect(counts.count == 15 && counts.values.allSatisfy { abs($0 - 1000) < 155 })
    }

    @Test func magnitudesVaryInBothDirections() {
        let degrees = draw(RandAugment(), count: 15_000).flatMap { $0 }.compactMap { operation in
            if case .rotate(let degrees) = operation { degrees } else { nil }
        }
        let sizes = degrees.map(abs)
        // 3 degrees per unit of magnitude: 9 +- 0.5, clamped at 10, where the density is small.
        #expect(abs(sizes.mean - 27) < 0.3 && abs(sizes.variance.squareRoot() - 1.5) < 0.2)
        #expect(sizes.allSatisfy { $0 <= 30 } && sizes.contains(30))
        #expect(abs(degrees.count { $0 < 0 } - degrees.count / 2) < degrees.count / 10)
    }

    @Test func layersAndProbabilityTakeEffect() {
        let all = RandAugment(layers: 5, magnitude: 3, magnitudeDeviation: 0, probability: 1)
        #expect(draw(all, count: 50).allSatisfy { $0.count == 5 })
        #expect(draw(all, count: 300).flatMap { $0 }.contains(.rotate(degrees: 0.3 * 30)))
        #expect(draw(RandAugment(layers: 0), count: 9).allSatisfy { $0.isEmpty })
        #expect(draw(RandAugment(probability: 0), count: 9).allSatisfy { $0.isEmpty })
    }
}

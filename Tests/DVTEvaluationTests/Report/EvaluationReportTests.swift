import DVTEvaluation
import DVTModel
import Testing

/// The data of an evaluation's page.
@Suite struct EvaluationReportTests {
    /// Images of two classes at two exits: the label, and class 0's probability at each exit.
    private func tally(_ images: [(label: Int, first: Float, second: Float)]) -> EvaluationTally {
        var tally = EvaluationTally(exits: 2)
        for image in images {
            tally.add(
                [image.first, image.second].map { [$0, 1 - $0] }, label: image.label)
        }
        return tally
    }

    private let four: [(label: Int, first: Float, second: Float)] = [
        (0, 0.875, 1), (0, 0.25, 0.75), (1, 0.625, 0.375), (1, 0.75, 0.0625),
    ]

    @Test func thresholdsAreChosenOnTheSameImages() throws {
        let curve = ThresholdCurve(tally(four).scores, costs: [1, 3], stored: nil)
        #expect(curve.origin == .sameImages)
        // From budgets at which one, two, three and all images take the first exit.
        #expect(curve.points.map(\.cost) == curve.points.map(\.cost).sorted())
        #expect(Set(curve.points.map(\.cost)).isSubset(of: [1, 1.5, 2, 2.5, 3]))
        let most = try #require(curve.points.last)
        #expect(most.cost > 1 && most.accuracy == 100)
    }

    @Test func storedThresholdsAreUsedUnchanged() {
        let scores = tally(four).scores
        let points = OperatingPoints(
            thresholds: [[0.75, 0], [2, 0], [0, 0], [3, 0]], gigaMultiplyAdds: nil,
            accuracies: nil)
        let curve = ThresholdCurve(scores, costs: [1, 3], stored: (points, "file"))
        #expect(curve.origin == .file("file"))
        // Both thresholds above 1 give the same result.
        #expect(curve.points.map(\.cost) == [1, 1.5, 3])
        #expect(curve.points.map(\.accuracy) == [25, 50, 100])
        let one = OperatingPoints(
            thresholds: [[0.75, 0]], gigaMultiplyAdds: nil, accuracies: nil)
        let other = ThresholdCurve(scores, costs: [1, 3], stored: (one, "file"))
        #expect(other == ThresholdCurve(scores, costs: [1, 3], stored: nil))
    }

    /// Equal confidences: either all images take the first exit, or none does.
    @Test func equalConfidencesMakeACurve() {
        let same = tally(Array(repeating: (1, 0.75, 0.5), count: 7))
        let curve = ThresholdCurve(same.scores, costs: [1, 3], stored: nil)
        #expect(!curve.points.isEmpty && curve.points.allSatisfy { $0.accuracy == 0 })
        #expect(Set(curve.points.map(\.cost)).isSubset(of: [1, 3]))
        let single = ThresholdCurve(tally([four[0]]).scores, costs: [1, 3], stored: nil)
        #expect(!single.points.isEmpty)
    }

    @Test func exitsAreSummarized() {
        let summaries = tally(four).summaries(exits: [0, 1, 1, 0])
        #expect(summaries.map(\.exiting) == [2, 2] && summaries.map(\.exitingCorrect) == [1, 2])
        for summary in summaries {
            #expect(summary.bins.count == ExitReliability.binCount)
            #expect(summary.bins.reduce(0) { $0 + $1.count } == 4)
        }
        #expect(summaries.map { $0.bins.reduce(0) { $0 + $1.correct } } == [1, 4])
        // Two wrong answers of 0.75 share a bin: 1.5 + 0.125 + 0.625, of four images.
        #expect(summaries[0].calibrationError == 0.5625)
    }

    @Test func earlyAndConfidentImagesComeFirst() {
        let images = tally([
            (1, 0.125, 0), (1, 0.25, 0), (1, 0.75, 0.25), (1, 0.375, 0.125), (0, 0.5, 0.5),
        ])
        let found = images.examples(exits: [0, 0, 1, 1, 0], count: 2, classLimit: 2)
        #expect(found.map(\.label) == [0, 1])
        #expect(found[0].mostConfident == [4] && found[0].leastConfident.isEmpty)
        #expect(found[1].mostConfident == [0, 1] && found[1].leastConfident == [2, 3])
        #expect(found[1].images == 4 && found[1].correct == 4)
        // An odd number: the middle one is among the first, and none is shown twice.
        let three = images.examples(exits: [0, 0, 1, 1, 0], count: 9, classLimit: 2)
        #expect(three[1].mostConfident.count == 2 && three[1].leastConfident.count == 2)
    }

    @Test func theBestAndWorstOfManyClassesAreShown() {
        var tally = EvaluationTally(exits: 1)
        for label in 0..<6 {
            for image in 0..<6 {
                var row = [Float](repeating: 0, count: 6)
                // Class 5 is correct six times, class 1 twice.
                row[image <= label ? label : (label + 1) % 6] = 1
                tally.add([row[...]], label: label)
            }
        }
        let exits = [UInt8](repeating: 0, count: 36)
        let found = tally.examples(exits: exits, count: 1, classLimit: 4)
        #expect(found.map(\.label) == [0, 1, 4, 5])
        #expect(found.map(\.correct) == [1, 2, 5, 6])
    }
}

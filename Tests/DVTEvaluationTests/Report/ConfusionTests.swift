import Testing

@testable import DVTEvaluation

/// Confusion matrices, classes and mistakes of an evaluation.
@Suite struct ConfusionTests {
    /// Five images of three classes at two exits: the class, and the class predicted with 0.5, or
    /// with another confidence, at each exit.
    private let tally: EvaluationTally = {
        var tally = EvaluationTally(exits: 2)
        func row(_ prediction: Int, _ confidence: Float) -> ArraySlice<Float> {
            (0..<3).map { $0 == prediction ? confidence : (1 - confidence) / 2 }[...]
        }
        tally.add([row(1, 0.5), row(0, 0.75)], label: 0)
        tally.add([row(1, 0.75), row(0, 0.5)], label: 0)
        tally.add([row(1, 0.5), row(2, 0.625)], label: 1)
        tally.add([row(2, 0.5), row(2, 0.875)], label: 2)
        tally.add([row(0, 0.625), row(1, 0.9375)], label: 2)
        return tally
    }()

    @Test func predictionsAreThoseOfTheExitsTaken() {
        #expect(tally.predictions(exits: [0, 1, 0, 1, 0]) == [1, 0, 1, 2, 0])
        let matrix = tally.confusionMatrix(exits: [0, 0, 1, 1, 1])
        #expect(
            matrix.cells == [
                .init(label: 0, prediction: 1, images: 2),
                .init(label: 1, prediction: 2, images: 1),
                .init(label: 2, prediction: 1, images: 1),
                .init(label: 2, prediction: 2, images: 1),
            ])
        #expect(matrix[0, 1] == 2 && matrix[0, 0] == 0 && matrix[7, 0] == 0)
        #expect(matrix.images(of: 2) == 2 && matrix.images(of: 7) == 0)
        // The most frequent first, then by class.
        #expect(matrix.confusions.map(\.label) == [0, 1, 2])
    }

    @Test func classesHaveTheirAccuracyAndExits() {
        let classes = tally.classSummaries(exits: [0, 1, 1, 1, 0])
        #expect(classes.map(\.label) == [0, 1, 2] && classes.map(\.images) == [2, 1, 2])
        #expect(classes.map(\.correct) == [1, 0, 1] && classes.map(\.accuracy) == [50, 0, 50])
        #expect(classes.map(\.exits) == [[1, 1], [0, 1], [1, 1]])
    }

    @Test func mistakesAreOrderedByConfidence() {
        // Wrong at their exits: images 1 with 0.75, 2 with 0.625 and 4 with 0.9375.
        let exits: [UInt8] = [1, 0, 1, 0, 1]
        #expect(tally.mistakes(exits: exits, count: 9) == [4, 1, 2])
        #expect(tally.mistakes(exits: exits, count: 2) == [4, 1])
        #expect(tally.mistakes(exits: exits, count: 0).isEmpty)
        // Equal confidences: in the order of the images.
        #expect(tally.mistakes(exits: [0, 1, 1, 1, 0], count: 9) == [2, 4, 0])
    }

    /// 1000 classes, each predicted as the next one, a class more often the higher it is.
    @Test func matricesOfManyClassesShowTheMostConfused() {
        var pairs: [(label: Int, prediction: Int)] = []
        for label in 0..<1000 {
            for _ in 0...label / 100 { pairs.append((label, (label + 1) % 1000)) }
            for _ in 0..<50 { pairs.append((label, label)) }
        }
        let matrix = ConfusionMatrix(pairs)
        #expect(matrix.cells.count == 2000 && matrix.confusions.count == 1000)
        #expect(matrix.confusions[0] == .init(label: 900, prediction: 901, images: 10))
        #expect(matrix.shownClasses(limit: 20) == Array(900..<920))
        #expect(matrix.shownClasses(limit: 2) == [900, 901])
        #expect(matrix.shownClasses(limit: 1000).count == 1000)
        // Without confusions there is nothing to show of too many classes.
        let right = ConfusionMatrix((0..<30).map { (label: $0, prediction: $0) })
        #expect(right.shownClasses(limit: 20).isEmpty && right.confusions.isEmpty)
    }
}

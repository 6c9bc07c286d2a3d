import DVTCore
import DVTTestSupport
import Testing

@testable import DVTEvaluation

@Suite struct GeometricBudgetsTests {
    @Test func sharesArePowers() {
        // q = 1/2: 1/2 and 1/4 of 3/4.
        let shares = GeometricBudgets.shares(budget: 10, exits: 2)
        #expect(abs(shares[0] - 2 / 3) < 1e-6 && abs(shares[1] - 1 / 3) < 1e-6)
        #expect(GeometricBudgets.shares(budget: 20, exits: 4) == [0.25, 0.25, 0.25, 0.25])
    }

    /// Each exit is assigned 2 of 6 images.
    ///
    /// The second exit counts only images that did not take the first, and takes a third image of
    /// equal confidence.
    @Test func laterExitsCountRemainingImages() {
        let scores = ExitScores(
            scores: [
                [0.9, 0.8, 0.1, 0.2, 0.3, 0.4], [1, 1, 0.5, 0.7, 0.5, 0.1],
                [0, 0, 0, 0, 0, 0],
            ], isCorrect: Array(repeating: Array(repeating: true, count: 6), count: 3))
        let thresholds = GeometricBudgets(scores).thresholds(budget: 20)
        #expect(thresholds == [0.8, 0.5, -1e8])
        let outcome = scores.outcome(thresholds: thresholds, costs: [1, 2, 4])
        let shares: [Double] = [2, 3, 1]
        #expect(outcome.shares == shares.map { $0 / 6 } && outcome.accuracy == 100)
        #expect(abs(outcome.cost - 2) < 1e-12)
    }

    /// A share below one image assigns none.
    @Test func sharesBelowOneImageExitNone() {
        // The shares of q = 59/20 are 0.08, 0.23 and 0.69.
        let scores = SyntheticExits.scores(exits: 3, images: 5, seed: 1)
        let thresholds = GeometricBudgets(scores).thresholds(budget: 59)
        #expect(thresholds == [1e8, scores.scores[1].max(), -1e8])
    }
}

@Suite struct OptimalThresholdsTests {
    private static let costs: [Double] = [1, 2.5, 7, 9, 14]

    /// Every combination of the grid, counted one image at a time.
    private func bruteForce(_ problem: ThresholdProblem) -> ThresholdFrontier {
        var choices: [[Int]] = [[]]
        for thresholds in problem.grid.thresholds {
            choices = choices.flatMap { choice in thresholds.indices.map { choice + [$0] } }
        }
        var frontier = ThresholdFrontier()
        for choice in choices {
            var (value, cost) = (0.0, 0.0)
            for image in 0..<problem.images {
                let exit =
                    choice.indices.first { problem.grid.reached[$0][image] >= choice[$0] }
                    ?? choice.count
                value += problem.probabilities[exit][image]
                cost += problem.costs[exit]
            }
            frontier.add(cost: cost, value: value, choice: choice)
        }
        return frontier
    }

    @Test(arguments: [2, 3, 4])
    func theSearchIsExactOnItsGrid(exits: Int) {
        let scores = SyntheticExits.scores(exits: exits, images: 157, seed: 3)
        let problem = ThresholdProblem(
            scores, costs: Array(Self.costs.prefix(exits)), grid: ThresholdGrid(scores, cells: 6))
        let found = problem.exhaustiveSearch().optimal
        let expected = bruteForce(problem).optimal
        #expect(found.count == expected.count && found.count > 1)
        for (found, expected) in zip(found, expected) {
            #expect(abs(found.cost - expected.cost) < 1e-9)
            #expect(abs(found.value - expected.value) < 1e-9)
        }
    }

    /// At each price the Lagrangian search finds the result of the exhaustive one, or nearly so.
    @Test(arguments: [2, 3, 4])
    func theLagrangianSearchComesClose(exits: Int) {
        let scores = SyntheticExits.scores(exits: exits, images: 400, seed: 5)
        let costs = Array(Self.costs.prefix(exits))
        let problem = ThresholdProblem(scores, costs: costs, grid: ThresholdGrid(scores, cells: 10))
        let exact = problem.exhaustiveSearch().optimal
        let found = problem.lagrangianSearch().optimal
        for price in [0.3, 0.1, 0.03, 0.01, 0.001] {
            func best(_ candidates: [ThresholdFrontier.Candidate]) -> Double {
                candidates.map { $0.value - price * $0.cost }.max() ?? -.infinity
            }
            // One image in a thousand; exact if only one threshold is free.
            let slack = exits == 2 ? 0.02 : 0.4
            #expect(best(found) >= best(exact) - slack, "\(best(found)) \(best(exact))")
        }
    }

    /// Five exits are too many for an exhaustive search; the frontier still rises.
    @Test func manyExitsAreSearched() {
        let scores = SyntheticExits.scores(exits: 5, images: 1_300, seed: 7)
        let optimal = OptimalThresholds(scores, costs: Self.costs)
        #expect(!optimal.isExhaustive)
        #expect(optimal.frontier.count > 10)
        for (first, second) in zip(optimal.frontier, optimal.frontier.dropFirst()) {
            #expect(first.cost < second.cost && first.accuracy < second.accuracy)
        }
        // All images take the first exit.
        #expect(optimal.frontier.first?.cost == 1)
    }

    /// On new images of the same kind the rule beats the authors' at equal cost.
    @Test(arguments: [2, 3, 5])
    func newImagesGainAsWell(exits: Int) {
        let calibration = SyntheticExits.scores(exits: exits, images: 1_000, seed: 11)
        let test = SyntheticExits.scores(exits: exits, images: 4_000, seed: 12)
        let costs = Array(Self.costs.prefix(exits))
        let frontier = OptimalThresholds(calibration, costs: costs).frontier
        let budgets = GeometricBudgets(calibration)
        func outcomes(_ thresholds: [[Float]]) -> [ExitOutcome] {
            thresholds.map { test.outcome(thresholds: $0, costs: costs) }
        }
        let gains = ThresholdCalibration.gains(
            of: outcomes(frontier.map(\.thresholds)),
            over: outcomes(GeometricBudgets.budgets.map { budgets.thresholds(budget: $0) }))
        let mean = gains.reduce(0, +) / Double(gains.count)
        // With two exits there is one threshold, so both rules give the same curve.
        #expect(exits == 2 ? abs(mean) < 0.2 : mean > 0, "\(mean)")
    }

    @Test func aCellHoldsTwentyImages() {
        for (images, cells) in [(1, 2), (59, 2), (60, 3), (400, 20), (50_000, 64)] {
            let scores = (0..<images).map { Float($0) / Float(images) }
            let grid = ThresholdGrid(
                ExitScores(
                    scores: [scores, scores],
                    isCorrect: Array(repeating: scores.map { _ in true }, count: 2)))
            // Includes both ends; one image has no quantile between them.
            #expect(grid.thresholds[0].count == (images == 1 ? 2 : cells + 1))
            #expect(grid.thresholds[0].first == 0 && grid.thresholds[0].last == 1e8)
        }
    }
}

@Suite struct IsotonicRegressionTests {
    @Test func violatorsArePooled() {
        // 1, then 0 0 pooled with it to 1/3; 1 stays; two equal scores share a half.
        let probabilities = IsotonicRegression.probabilities(
            scores: [0.1, 0.2, 0.3, 0.5, 0.4, 0.4],
            outcomes: [true, false, false, true, true, false])
        let third = 1.0 / 3
        #expect(probabilities == [third, third, third, 1, 0.5, 0.5])
    }

    @Test func ascendingValuesAreUnchanged() {
        let scores: [Float] = [0.9, 0.1, 0.5]
        #expect(
            IsotonicRegression.probabilities(scores: scores, outcomes: [true, false, true])
                == [1, 0, 1])
    }
}

@Suite struct OperatingTargetTests {
    private let choices = [(60, 1), (70, 2), (70, 3), (80, 4)].map {
        ThresholdChoice(
            thresholds: [], accuracy: Double($0.0), cost: Double($0.1), budget: nil)
    }

    @Test func theBestPointIsChosen() throws {
        #expect(try choices.best(for: .accuracy(65), unit: "ms").cost == 2)
        #expect(try choices.best(for: .accuracy(80), unit: "ms").cost == 4)
        #expect(try choices.best(for: .cost(3.5), unit: "ms").cost == 2)
        #expect(try choices.best(for: .cost(1), unit: "ms").accuracy == 60)
    }

    /// The accuracy of a choice is counted; that of the optimal rule is expected, and too high.
    @Test(arguments: [0.0, 0.5, 2])
    func accuracyTargetsAreCounted(drop: Double) throws {
        let synthetic = SyntheticExits.scores(exits: 3, images: 2000, seed: 5)
        let firstClass = zip(synthetic.scores, synthetic.isCorrect).map { scores, correct in
            zip(scores, correct).map { $1 ? 0.5 + $0 / 2 : 0.5 - $0 / 2 }
        }
        let costs = [1.0, 2, 4]
        let run = ThresholdCalibration(
            try CalibrationData(
                calibration: SyntheticExits.outputs(
                    firstClass, labels: Array(repeating: 0, count: 2000)),
                test: nil, exitGigaMultiplyAdds: costs, model: "m", origin: "file"))
        let wanted = run.lastExitAccuracy - drop
        let choice = try run.choice(for: .accuracy(wanted), .optimal)
        // Without a test part, thresholds are evaluated on the calibration images.
        let outcome = run.evaluate(choice.thresholds)
        #expect(choice.accuracy == outcome.accuracy && outcome.accuracy >= wanted)
        #expect(abs(choice.cost - outcome.cost) < 1e-9 && (drop == 0 || outcome.cost < 4))
        let affordable = try run.choice(for: .cost(3), .optimal)
        #expect(affordable.accuracy == run.evaluate(affordable.thresholds).accuracy)
    }

    @Test func unreachableTargetsNameTheRange() {
        #expect(
            throws: CalibrationError.unreachable(
                reason: """
                    no thresholds reach an accuracy of 81.0 % on the calibration images; they \
                    reach 60.0...80.0 %
                    """)
        ) { try choices.best(for: .accuracy(81), unit: "ms") }
        #expect(
            throws: CalibrationError.unreachable(
                reason: """
                    no thresholds cost as little as 0.5 ms per image on average; they cost \
                    1.0...4.0 ms
                    """)
        ) { try choices.best(for: .cost(0.5), unit: "ms") }
    }
}

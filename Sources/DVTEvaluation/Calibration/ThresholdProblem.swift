/// The objective of both searches: sums of probabilities and costs over all images.
struct ThresholdProblem {
    let grid: ThresholdGrid
    /// The probability that each exit is correct for each image, `[K][n]`.
    let probabilities: [[Double]]
    let costs: [Double]

    init(_ scores: ExitScores, costs: [Double], grid: ThresholdGrid) {
        self.grid = grid
        self.costs = costs
        probabilities = zip(scores.scores, scores.isCorrect).map {
            IsotonicRegression.probabilities(scores: $0, outcomes: $1)
        }
    }

    var images: Int { probabilities[0].count }
    /// The last exit, which all remaining images take.
    var last: Int { costs.count - 1 }
}

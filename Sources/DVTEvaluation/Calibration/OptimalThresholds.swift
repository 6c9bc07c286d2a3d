/// Thresholds that maximize accuracy at every cost, each exit's chosen freely.
///
/// The authors' rule has one parameter for all exits. Here the thresholds of all exits but the last
/// are chosen together, from a grid of quantiles, so as to maximize the expected accuracy at each
/// cost. Three things guard against choosing what is only luck in the calibration images:
///
/// - the grid is coarse: each of its cells holds at least 20 images, and there are at most 64;
/// - accuracy is not counted but expected: an isotonic regression turns each exit's score into a
///   chance of being right;
/// - what is reported is measured on images that had no part in it, where there are any.
///
/// The search is exhaustive, so exact on the grid, where that is within reach: always for two and
/// three exits. For more it is a Lagrangian search: for 64 prices of cost, coordinate ascent on
/// `accuracy - price * cost` from several starts.
public struct OptimalThresholds: Sendable {
    /// The choices of which each is expected to be more accurate than all cheaper ones.
    public let frontier: [ThresholdChoice]
    /// Whether every combination of the grid's thresholds was looked at.
    public let isExhaustive: Bool

    /// The most steps of an exhaustive search: some seconds.
    static let stepLimit = 1 << 28

    /// Searches.
    ///
    /// - Parameters:
    ///   - scores: the images to choose on, of at least two exits.
    ///   - costs: what an image costs that leaves at each exit, increasing, in any unit.
    public init(_ scores: ExitScores, costs: [Double]) {
        self.init(scores, costs: costs, grid: ThresholdGrid(scores))
    }

    /// Searches a grid.
    ///
    /// - Parameters:
    ///   - scores: the images to choose on.
    ///   - costs: what an image costs that leaves at each exit.
    ///   - grid: the thresholds to try.
    ///   - stepLimit: the most steps of an exhaustive search.
    init(
        _ scores: ExitScores, costs: [Double], grid: ThresholdGrid, stepLimit: Int = stepLimit
    ) {
        precondition(
            scores.exits >= 2 && costs.count == scores.exits, "at least two exits, a cost for each")
        let problem = ThresholdProblem(scores, costs: costs, grid: grid)
        isExhaustive = problem.exhaustiveSteps <= stepLimit
        let found = isExhaustive ? problem.exhaustiveSearch() : problem.lagrangianSearch()
        frontier = found.optimal.map { candidate in
            let thresholds = zip(grid.thresholds, candidate.choice).map { $0[$1] }
            return ThresholdChoice(
                thresholds: thresholds + [ThresholdEnds.last],
                accuracy: 100 * candidate.value / Double(scores.images),
                cost: candidate.cost / Double(scores.images), budget: nil)
        }
    }
}

/// What both searches look for: sums over all images, of chances and of costs.
struct ThresholdProblem {
    let grid: ThresholdGrid
    /// The chance that each exit is right of each image, `[K][n]`.
    let chances: [[Double]]
    let costs: [Double]

    init(_ scores: ExitScores, costs: [Double], grid: ThresholdGrid) {
        self.grid = grid
        self.costs = costs
        chances = zip(scores.scores, scores.isCorrect).map {
            IsotonicRegression.chances(scores: $0, outcomes: $1)
        }
    }

    var images: Int { chances[0].count }
    /// The last exit, where all leave that are left.
    var last: Int { costs.count - 1 }
}

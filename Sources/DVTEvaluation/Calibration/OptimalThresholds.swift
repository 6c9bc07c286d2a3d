/// Thresholds that maximize the accuracy at each cost, optimized jointly for all exits.
///
/// The authors' rule has one parameter for all exits. Here the thresholds of all exits but the last
/// are chosen from a grid of quantiles to maximize the expected accuracy at each cost. Three
/// measures prevent overfitting to the calibration images:
///
/// - The grid is coarse: at least 20 images per cell and at most 64 cells.
/// - Isotonic regression replaces the counted accuracy with the expected one: it maps the score of
///   each exit to a probability of being correct.
/// - Results are measured on held-out images, if there are any.
///
/// If feasible, the search is exhaustive, and so exact on the grid: always for two and three
/// exits. For more exits it is a Lagrangian search: for 64 prices of cost, coordinate ascent on
/// `accuracy - price * cost` from several starting points.
package struct OptimalThresholds: Sendable {
    /// The Pareto-optimal choices: each is expected to be more accurate than all cheaper ones.
    package let frontier: [ThresholdChoice]
    /// Whether the search covered every combination of grid thresholds.
    package let isExhaustive: Bool

    /// The step limit of an exhaustive search, a few seconds.
    static let stepLimit = 1 << 28

    /// Runs the search.
    ///
    /// - Parameters:
    ///   - scores: the calibration images, with at least two exits.
    ///   - costs: the cost of an image for each exit, increasing, in any unit.
    package init(_ scores: ExitScores, costs: [Double]) {
        self.init(scores, costs: costs, grid: ThresholdGrid(scores))
    }

    /// Runs the search on a given grid.
    ///
    /// - Parameters:
    ///   - scores: the calibration images.
    ///   - costs: the cost of an image for each exit.
    ///   - grid: the candidate thresholds.
    ///   - stepLimit: the step limit of an exhaustive search.
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

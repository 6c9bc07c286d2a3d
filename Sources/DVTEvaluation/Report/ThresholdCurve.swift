package import DVTModel

/// The accuracy of a cascade against its average cost, over thresholds from cheapest to most
/// accurate.
package struct ThresholdCurve: Equatable, Sendable {
    /// The source of the thresholds.
    package enum Origin: Equatable, Sendable {
        /// Chosen by ``GeometricBudgets`` on the same images they are evaluated on, which is
        /// optimistic.
        case sameImages
        /// Read from this file.
        case file(String)
    }

    /// The source of the thresholds.
    package let origin: Origin
    /// The distinct results, cheapest first.
    package let points: [ExitOutcome]

    /// Evaluates thresholds.
    ///
    /// - Parameters:
    ///   - scores: the scored images, at least one.
    ///   - costs: the cost of an image for each exit.
    ///   - stored: stored thresholds and their file. A single operating point is not a curve, so it
    ///     is replaced by the thresholds of all budgets, like nil.
    package init(
        _ scores: ExitScores, costs: [Double], stored: (points: OperatingPoints, file: String)?
    ) {
        let rows: [[Float]]
        if let stored, stored.points.thresholds.count > 1 {
            (origin, rows) = (.file(stored.file), stored.points.thresholds)
        } else {
            let budgets = GeometricBudgets(scores)
            origin = .sameImages
            rows = GeometricBudgets.budgets.map { budgets.thresholds(budget: $0) }
        }
        let outcomes = rows.map { scores.outcome(thresholds: $0, costs: costs) }
            .sorted { ($0.cost, $0.accuracy) < ($1.cost, $1.accuracy) }
        points = outcomes.indices.filter {
            $0 == 0 || outcomes[$0] != outcomes[$0 - 1]
        }.map { outcomes[$0] }
    }
}

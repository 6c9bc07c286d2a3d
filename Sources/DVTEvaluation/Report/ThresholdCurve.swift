package import DVTModel

/// What a cascade does to labeled images while its thresholds go from the cheapest to the most
/// accurate: accuracy against average cost.
package struct ThresholdCurve: Equatable, Sendable {
    /// Where the thresholds were chosen.
    package enum Origin: Equatable, Sendable {
        /// On the very images that they are judged on here, by ``GeometricBudgets``, which flatters
        /// them.
        case sameImages
        /// Elsewhere: they were read from this file.
        case file(String)
    }

    /// Where the thresholds were chosen.
    package let origin: Origin
    /// What each choice does, cheapest first; of choices that do the same there is one.
    package let points: [ExitOutcome]

    /// Judges thresholds.
    ///
    /// - Parameters:
    ///   - scores: the images; at least one.
    ///   - costs: what an image costs that leaves at each exit.
    ///   - stored: thresholds that were chosen before, and their file. One choice is no curve:
    ///     those of all budgets are then chosen here, as where there is none.
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

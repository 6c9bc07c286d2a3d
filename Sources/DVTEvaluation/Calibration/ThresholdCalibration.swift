public import DVTModel

/// How thresholds are chosen.
public enum ThresholdRule: String, CaseIterable, Sendable {
    /// By the authors' 59 budgets, see ``GeometricBudgets``.
    case geometric
    /// So as to maximize the expected accuracy at each cost, see ``OptimalThresholds``.
    case optimal
}

/// Choosing thresholds on saved outputs, and judging them on those that were held out.
public struct ThresholdCalibration: Sendable {
    /// The saved outputs.
    public let data: CalibrationData
    /// What is compared with thresholds.
    public let scoring: ExitScoring
    private let calibration: ExitScores
    private let judged: ExitScores

    /// Scores the outputs.
    ///
    /// - Parameters:
    ///   - data: the saved outputs.
    ///   - scoring: what is compared with thresholds.
    public init(_ data: CalibrationData, scoring: ExitScoring = ExitScoring()) {
        self.data = data
        self.scoring = scoring
        calibration = ExitScores(data.calibration, scoring: scoring)
        judged = data.test.map { ExitScores($0, scoring: scoring) } ?? calibration
    }

    /// The thresholds of the authors' 59 budgets, or those that are expected to be the most
    /// accurate at no more than each budget's cost.
    ///
    /// - Parameters:
    ///   - rule: how they are chosen.
    ///   - costs: what an image costs that leaves at each exit; nil for the multiply-adds.
    /// - Returns: one choice a budget, cheapest first; of the optimal rule those budgets are left
    ///   out that are below the cheapest thresholds.
    public func budgets(
        _ rule: ThresholdRule = .geometric, costs: [Double]? = nil
    ) -> [ThresholdChoice] {
        let costs = costs ?? data.exitGigaMultiplyAdds
        let geometric = geometricChoices(costs: costs)
        guard rule == .optimal else { return geometric }
        let frontier = OptimalThresholds(calibration, costs: costs).frontier
        return geometric.compactMap { row in
            // Sums in another order may differ in their last place.
            let affordable = frontier.last { $0.cost <= row.cost * (1 + 1e-12) }
            return affordable.map {
                ThresholdChoice(
                    thresholds: $0.thresholds, accuracy: $0.accuracy, cost: $0.cost,
                    budget: row.budget)
            }
        }
    }

    /// The thresholds for a target.
    ///
    /// - Parameters:
    ///   - target: an accuracy, or a cost in the unit of `costs`, on the images they are chosen on.
    ///   - rule: how they are chosen.
    ///   - costs: what an image costs that leaves at each exit, increasing; nil for the
    ///     multiply-adds.
    ///   - unit: the unit of the costs, for messages.
    /// - Returns: the choice.
    /// - Throws: ``CalibrationError/unreachable(reason:)`` with the range that can be reached.
    public func choice(
        for target: OperatingTarget, _ rule: ThresholdRule = .geometric, costs: [Double]? = nil,
        unit: String = "GMACs"
    ) throws(CalibrationError) -> ThresholdChoice {
        let costs = costs ?? data.exitGigaMultiplyAdds
        let choices =
            rule == .geometric
            ? geometricChoices(costs: costs)
            : OptimalThresholds(calibration, costs: costs).frontier
        return try choices.best(for: target, unit: unit)
    }

    /// Thresholds that rounding does not defeat.
    ///
    /// A threshold is the score of the last image that is to leave, and a device gives that score
    /// but for rounding. Each is lowered by 1e-5, at most half way to the next lower score,
    /// which moves none of the images that thresholds are chosen on.
    ///
    /// - Parameter thresholds: one for every exit.
    /// - Returns: as many; those that stand for all images or none are the same.
    public func settled(_ thresholds: [Float]) -> [Float] {
        zip(thresholds, calibration.scores).map { threshold, scores in
            guard threshold <= 1, let below = scores.filter({ $0 < threshold }).max() else {
                return threshold
            }
            let lowered = max(threshold - Self.rounding, below + (threshold - below) / 2)
            return lowered > below ? lowered : threshold
        }
    }

    /// How far float32 sums in another order, of a batch of another size for example, move a score.
    private static let rounding: Float = 1e-5

    /// What thresholds do to the images that were held out; where none were, to those they were
    /// chosen on, which flatters them.
    ///
    /// - Parameter thresholds: one for every exit.
    /// - Returns: accuracy, 10^9 multiply-adds and shares.
    public func judge(_ thresholds: [Float]) -> ExitOutcome {
        judged.outcome(thresholds: thresholds, costs: data.exitGigaMultiplyAdds)
    }

    /// How much more accurate choices are than the authors' budgets at equal average cost, on the
    /// images that were held out.
    ///
    /// - Parameter choices: the choices.
    /// - Returns: percentage points for each choice whose cost lies within those of the authors'
    ///   budgets, between which accuracy is interpolated linearly.
    public func gains(of choices: [ThresholdChoice]) -> [Double] {
        let curve = geometricChoices(costs: data.exitGigaMultiplyAdds).map { judge($0.thresholds) }
        return Self.gains(of: choices.map { judge($0.thresholds) }, over: curve)
    }

    /// How much more accurate outcomes are than a curve at their cost, where the curve has it.
    static func gains(of outcomes: [ExitOutcome], over curve: [ExitOutcome]) -> [Double] {
        let curve = curve.sorted { ($0.cost, $0.accuracy) < ($1.cost, $1.accuracy) }
        return outcomes.compactMap { outcome in
            accuracy(on: curve, atCost: outcome.cost).map { outcome.accuracy - $0 }
        }
    }

    private func geometricChoices(costs: [Double]) -> [ThresholdChoice] {
        let budgets = GeometricBudgets(calibration)
        return GeometricBudgets.budgets.map { budget in
            let thresholds = budgets.thresholds(budget: budget)
            let outcome = calibration.outcome(thresholds: thresholds, costs: costs)
            return ThresholdChoice(
                thresholds: thresholds, accuracy: outcome.accuracy, cost: outcome.cost,
                budget: budget)
        }
    }

    /// The accuracy of a curve at a cost, or nil beyond its ends.
    private static func accuracy(on curve: [ExitOutcome], atCost cost: Double) -> Double? {
        guard let next = curve.firstIndex(where: { $0.cost >= cost }) else { return nil }
        guard next > 0 else { return curve[0].cost == cost ? curve[0].accuracy : nil }
        let (before, after) = (curve[next - 1], curve[next])
        let part = (cost - before.cost) / (after.cost - before.cost)
        return before.accuracy + part * (after.accuracy - before.accuracy)
    }
}

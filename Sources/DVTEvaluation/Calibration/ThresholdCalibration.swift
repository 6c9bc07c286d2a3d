public import DVTModel

/// The rule by which thresholds are chosen.
public enum ThresholdRule: String, CaseIterable, Sendable {
    /// The authors' 59 budgets: the share of images at exit k is proportional to `(p / 20)^k`.
    case geometric
    /// The highest expected accuracy at each cost.
    case optimal
}

/// Chooses thresholds on saved outputs and evaluates them on held-out images.
public struct ThresholdCalibration: Sendable {
    /// The saved outputs.
    package let data: CalibrationData
    /// The score compared with the thresholds.
    package let scoring: ExitScoring
    private let calibration: ExitScores
    private let testScores: ExitScores

    /// Scores the outputs.
    ///
    /// - Parameters:
    ///   - data: the saved outputs.
    ///   - scoring: the score compared with the thresholds.
    public init(_ data: CalibrationData, scoring: ExitScoring = ExitScoring()) {
        self.data = data
        self.scoring = scoring
        calibration = ExitScores(data.calibration, scoring: scoring)
        testScores = data.test.map { ExitScores($0, scoring: scoring) } ?? calibration
    }

    /// The thresholds of the authors' 59 budgets, or the most accurate ones within each budget's
    /// cost.
    ///
    /// - Parameters:
    ///   - rule: the selection rule.
    ///   - costs: the cost of an image for each exit; nil for the multiply-adds.
    /// - Returns: one choice per budget, cheapest first; the optimal rule omits budgets below the
    ///   cheapest thresholds.
    public func budgets(
        _ rule: ThresholdRule = .geometric, costs: [Double]? = nil
    ) -> [ThresholdChoice] {
        let costs = costs ?? data.exitGigaMultiplyAdds
        let geometric = geometricChoices(costs: costs)
        guard rule == .optimal else { return geometric }
        let frontier = OptimalThresholds(calibration, costs: costs).frontier
        return geometric.compactMap { row in
            // Sums in a different order may differ in their last digit.
            let affordable = frontier.last { $0.cost <= row.cost * (1 + 1e-12) }
            return affordable.map {
                ThresholdChoice(
                    thresholds: $0.thresholds, accuracy: $0.accuracy, cost: $0.cost,
                    budget: row.budget)
            }
        }
    }

    /// Chooses thresholds for a target.
    ///
    /// - Parameters:
    ///   - target: an accuracy, or a cost in the unit of `costs`, on the calibration images.
    ///   - rule: the selection rule.
    ///   - costs: the cost of an image for each exit, increasing; nil for the multiply-adds.
    ///   - unit: the unit of the costs, for messages.
    /// - Returns: the best choice.
    /// - Throws: ``CalibrationError/unreachable(reason:)`` with the reachable range.
    package func choice(
        for target: OperatingTarget, _ rule: ThresholdRule = .geometric, costs: [Double]? = nil,
        unit: String = "GMACs"
    ) throws(CalibrationError) -> ThresholdChoice {
        let costs = costs ?? data.exitGigaMultiplyAdds
        let choices =
            rule == .geometric
            ? geometricChoices(costs: costs)
            : OptimalThresholds(calibration, costs: costs).frontier + [lastExitAlone(costs: costs)]
        // The expected accuracy ranks thresholds of one cost. It is too high in itself: images that
        // reach a later exit are harder than others of the same score there.
        if case .cost = target {
            return counted(try choices.best(for: target, unit: unit), costs: costs)
        }
        return try choices.map { counted($0, costs: costs) }.best(for: target, unit: unit)
    }

    /// The choice with the accuracy and cost that are counted on the calibration images.
    private func counted(_ choice: ThresholdChoice, costs: [Double]) -> ThresholdChoice {
        let outcome = calibration.outcome(thresholds: choice.thresholds, costs: costs)
        return ThresholdChoice(
            thresholds: choice.thresholds, accuracy: outcome.accuracy, cost: outcome.cost,
            budget: choice.budget)
    }

    /// The thresholds that no image reaches before the last exit.
    private func lastExitAlone(costs: [Double]) -> ThresholdChoice {
        let none = Array(repeating: ThresholdEnds.none, count: costs.count - 1)
        return counted(
            ThresholdChoice(
                thresholds: none + [ThresholdEnds.last], accuracy: 0, cost: 0, budget: nil),
            costs: costs)
    }

    /// The accuracy in percent of the last exit for all calibration images.
    package var lastExitAccuracy: Double {
        lastExitAlone(costs: data.exitGigaMultiplyAdds).accuracy
    }

    /// Lowers thresholds slightly, so rounding does not change decisions.
    ///
    /// A threshold is the score of the last image that exits, which a device reproduces only up to
    /// rounding. Each threshold is lowered by 1e-5, at most half way to the next lower score, which
    /// changes no decision on the calibration images.
    ///
    /// - Parameter thresholds: one per exit.
    /// - Returns: the lowered thresholds; those that all images or none reach are unchanged.
    package func settled(_ thresholds: [Float]) -> [Float] {
        zip(thresholds, calibration.scores).map { threshold, scores in
            guard threshold <= 1, let below = scores.filter({ $0 < threshold }).max() else {
                return threshold
            }
            let lowered = max(threshold - Self.rounding, below + (threshold - below) / 2)
            return lowered > below ? lowered : threshold
        }
    }

    /// The change of a score when float32 sums are reordered, for example at another batch size.
    private static let rounding: Float = 1e-5

    /// Evaluates thresholds on the held-out images, or without any on the calibration images, which
    /// is optimistic.
    ///
    /// - Parameter thresholds: one per exit.
    /// - Returns: the accuracy, the cost in 10^9 multiply-adds and the shares of the exits.
    package func evaluate(_ thresholds: [Float]) -> ExitOutcome {
        testScores.outcome(thresholds: thresholds, costs: data.exitGigaMultiplyAdds)
    }

    /// The accuracy gain of choices over the authors' budgets at equal average cost, on the
    /// held-out images.
    ///
    /// - Parameter choices: the choices to compare.
    /// - Returns: percentage points for each choice whose cost lies within the costs of the
    ///   authors' budgets, with accuracy interpolated linearly between budgets.
    package func gains(of choices: [ThresholdChoice]) -> [Double] {
        let curve = geometricChoices(costs: data.exitGigaMultiplyAdds).map {
            evaluate($0.thresholds)
        }
        return Self.gains(of: choices.map { evaluate($0.thresholds) }, over: curve)
    }

    /// The accuracy gain of outcomes over a curve, for those whose cost the curve covers.
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

    /// The interpolated accuracy of a curve at a cost, or nil beyond its ends.
    private static func accuracy(on curve: [ExitOutcome], atCost cost: Double) -> Double? {
        guard let next = curve.firstIndex(where: { $0.cost >= cost }) else { return nil }
        guard next > 0 else { return curve[0].cost == cost ? curve[0].accuracy : nil }
        let (before, after) = (curve[next - 1], curve[next])
        let part = (cost - before.cost) / (after.cost - before.cost)
        return before.accuracy + part * (after.accuracy - before.accuracy)
    }
}

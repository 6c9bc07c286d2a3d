import DVTEvaluation

/// The printed rows of a calibration: the budgets with different thresholds, and the chosen ones.
struct CalibrationRows {
    /// The rows, cheapest first.
    let points: [Calibration.Point]
    /// The row that a target selected, or nil without a target.
    let chosen: Calibration.Point?
    /// The number of budgets.
    let budgets: Int
    /// The number of budgets whose thresholds differ from those of the earlier ones.
    let distinct: Int

    init(_ calibration: Calibration, chosen: Calibration.Point?) {
        let all = calibration.points
        var points = all.indices.filter { index in
            !all[..<index].contains { $0.thresholds == all[index].thresholds }
        }.map { all[$0] }
        (budgets, distinct) = (all.count, points.count)
        if let chosen, !points.contains(where: { $0.thresholds == chosen.thresholds }) {
            let place = points.firstIndex { $0.gigaMultiplyAdds > chosen.gigaMultiplyAdds }
            points.insert(chosen, at: place ?? points.endIndex)
        }
        (self.points, self.chosen) = (points, chosen)
    }
}

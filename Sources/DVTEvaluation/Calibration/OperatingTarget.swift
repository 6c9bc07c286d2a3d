/// The target of threshold selection.
package enum OperatingTarget: Equatable, Sendable {
    /// The lowest cost with at least this accuracy in percent.
    case accuracy(Double)
    /// The highest accuracy with at most this cost, in the unit of the exit costs.
    case cost(Double)
}

extension Collection<ThresholdChoice> {
    /// Selects the best choice for a target; ties select the cheaper or more accurate one.
    ///
    /// - Parameters:
    ///   - target: the required accuracy or cost.
    ///   - unit: the unit of the costs, for messages: `GMACs` or `ms`.
    /// - Returns: the best choice.
    /// - Throws: ``CalibrationError/unreachable(reason:)`` with the reachable range if no choice
    ///   reaches the target.
    package func best(
        for target: OperatingTarget, unit: String
    ) throws(CalibrationError) -> ThresholdChoice {
        switch target {
        case .accuracy(let least):
            let found = filter { $0.accuracy >= least }.min {
                ($0.cost, -$0.accuracy) < ($1.cost, -$1.accuracy)
            }
            guard let found else {
                throw .unreachable(
                    reason: """
                        no thresholds reach an accuracy of \(least) % on the calibration images; \
                        they reach \(range(of: \.accuracy)) %
                        """)
            }
            return found
        case .cost(let most):
            let found = filter { $0.cost <= most }.min {
                (-$0.accuracy, $0.cost) < (-$1.accuracy, $1.cost)
            }
            guard let found else {
                throw .unreachable(
                    reason: """
                        no thresholds cost as little as \(most) \(unit) per image on average; they \
                        cost \(range(of: \.cost)) \(unit)
                        """)
            }
            return found
        }
    }

    private func range(of number: (ThresholdChoice) -> Double) -> String {
        let numbers = map(number)
        return "\(Float(numbers.min() ?? 0))...\(Float(numbers.max() ?? 0))"
    }
}

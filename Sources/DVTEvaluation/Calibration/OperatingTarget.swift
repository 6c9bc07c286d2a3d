/// What is asked of thresholds.
public enum OperatingTarget: Equatable, Sendable {
    /// At least this accuracy, percent, as cheaply as it can be had.
    case accuracy(Double)
    /// At most this cost, in the unit of the exits' costs, as accurately as it can be had.
    case cost(Double)
}

extension Collection<ThresholdChoice> {
    /// The best choice for a target; of equally good ones the cheaper or the more accurate.
    ///
    /// - Parameters:
    ///   - target: what is asked for.
    ///   - unit: the unit of the costs, for messages: `GMACs` or `ms`.
    /// - Returns: the choice.
    /// - Throws: ``CalibrationError/unreachable(reason:)`` with the range that can be reached, if
    ///   none does it.
    public func best(
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
                        no thresholds cost as little as \(most) \(unit) an image on average; they \
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

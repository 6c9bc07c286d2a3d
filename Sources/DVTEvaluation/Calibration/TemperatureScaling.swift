/// Temperature scaling: calibrates the probabilities of each exit with one temperature T.
///
/// `p_T = softmax(ln p / T)` equals scaling the logits, because the logarithm of a softmax output
/// differs from its logit by the same number for every class. T minimizes the mean of
/// `-ln p_T(label)`. Predictions do not change.
///
/// - SeeAlso: Guo et al., 2017, <https://arxiv.org/abs/1706.04599>.
package struct TemperatureScaling: Sendable {
    /// The search range of T.
    package static let range = 0.01...100.0

    /// T of each exit; above 1 for an overconfident exit.
    package let temperatures: [Double]

    /// Fits one temperature per exit.
    ///
    /// The loss is convex in `b = 1 / T`. Newton's method finds its minimum, with bisection if a
    /// step would leave the interval. If all images or none are correct, there is no minimum, and
    /// the result is an end of ``range``.
    ///
    /// - Parameter outputs: the calibration outputs.
    package init(fitting outputs: ExitOutputs) {
        temperatures = (0..<outputs.exits).map { exit in
            1 / Self.inverseTemperature(LogProbabilities(outputs, exit: exit))
        }
    }

    /// Measures the reliability of the scaled probabilities.
    ///
    /// - Parameter outputs: outputs with the same number of exits, other than those used for
    ///   fitting.
    /// - Returns: one result per exit.
    package func reliabilities(of outputs: ExitOutputs) -> [ExitReliability] {
        precondition(outputs.exits == temperatures.count, "one temperature per exit")
        return ExitReliability.all(outputs, temperatures: temperatures)
    }

    private static func inverseTemperature(_ exit: LogProbabilities) -> Double {
        var (low, high) = (1 / range.upperBound, 1 / range.lowerBound)
        guard exit.derivatives(inverseTemperature: low).slope < 0 else { return low }
        guard exit.derivatives(inverseTemperature: high).slope > 0 else { return high }
        var inverse = 1.0
        for _ in 0..<60 {
            let (slope, curvature) = exit.derivatives(inverseTemperature: inverse)
            if slope > 0 { high = inverse } else { low = inverse }
            let step = inverse - slope / curvature
            guard abs(step - inverse) > 1e-9 * inverse else { return step }
            inverse = step > low && step < high ? step : (low * high).squareRoot()
        }
        return inverse
    }
}

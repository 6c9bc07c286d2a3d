internal import DVTCore
import Glibc

/// A temperature that makes an exit's probabilities as likely as possible to be what they say.
///
/// `p_T = softmax(ln p / T)`: from saved softmax outputs this equals scaling the logits, since the
/// logarithm of a softmax output differs from its logit by the same number for every class. T
/// minimizes the mean of `-ln p_T(label)`. It changes no prediction.
///
/// - SeeAlso: Guo et al., 2017, <https://arxiv.org/abs/1706.04599>.
public struct TemperatureScaling: Sendable {
    /// The temperatures that are searched.
    public static let range = 0.01...100.0

    /// T of every exit: above 1 where the exit is too sure of itself.
    public let temperatures: [Double]

    /// Fits one temperature an exit.
    ///
    /// In `b = 1 / T` the loss is convex: Newton's steps find its least value, and halving of the
    /// interval takes over where one would leave it. Where every image is right, or none, there is
    /// no least value, and the result is an end of ``range``.
    ///
    /// - Parameter outputs: the outputs to fit on.
    public init(fitting outputs: ExitOutputs) {
        temperatures = (0..<outputs.exits).map { exit in
            1 / Self.inverseTemperature(LogProbabilities(outputs, exit: exit))
        }
    }

    /// How well the probabilities say how often they are right, after scaling.
    ///
    /// - Parameter outputs: outputs of as many exits, not those that were fitted.
    /// - Returns: one judgment an exit.
    public func reliabilities(of outputs: ExitOutputs) -> [ExitReliability] {
        precondition(outputs.exits == temperatures.count, "one temperature for each exit")
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

/// The logarithms of one exit's probabilities.
struct LogProbabilities {
    private let values: [Float]
    private let classes: Int
    private let labels: [Int]

    init(_ outputs: ExitOutputs, exit: Int) {
        classes = outputs.classes
        labels = outputs.labels
        let start = exit * outputs.images * classes
        // A probability too small for float32 is stored as 0, whose logarithm is none.
        values = outputs.probabilities.values[start..<start + outputs.images * classes].map {
            log(max($0, .leastNormalMagnitude))
        }
    }

    var images: Int { labels.count }

    func row(_ image: Int) -> ArraySlice<Float> {
        values[image * classes..<(image + 1) * classes]
    }

    /// The first and second derivative of the mean of `-ln p_T(label)` by `b = 1 / T`: how far the
    /// expected logarithm lies above the label's, and the variance of the logarithms.
    func derivatives(inverseTemperature: Double) -> (slope: Double, curvature: Double) {
        var (slope, curvature) = (0.0, 0.0)
        for (image, label) in labels.enumerated() {
            let row = row(image)
            let largest = Double(row.max() ?? 0)
            var (sum, first, second) = (0.0, 0.0, 0.0)
            for value in row {
                let offset = Double(value) - largest
                let weight = exp(inverseTemperature * offset)
                sum += weight
                first += weight * offset
                second += weight * offset * offset
            }
            let mean = first / sum
            slope += mean - (Double(row[row.startIndex + label]) - largest)
            curvature += second / sum - mean * mean
        }
        return (slope / Double(images), curvature / Double(images))
    }

    /// The largest probability of an image and its class, and the label's `-ln p`, under a
    /// temperature.
    func scaled(
        _ image: Int, temperature: Double
    ) -> (confidence: Double, isCorrect: Bool, loss: Double) {
        let row = row(image)
        let largest = Double(row.max() ?? 0)
        let sum = row.reduce(0) { $0 + exp((Double($1) - largest) / temperature) }
        let label = row[row.startIndex + labels[image]]
        return (
            1 / sum, row.firstIndex(of: Float(largest)) == row.startIndex + labels[image],
            log(sum) - (Double(label) - largest) / temperature
        )
    }
}

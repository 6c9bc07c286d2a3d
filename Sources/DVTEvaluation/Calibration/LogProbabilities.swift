internal import DVTCore
import Glibc

/// The log-probabilities of one exit.
struct LogProbabilities {
    private let values: [Float]
    private let classes: Int
    private let labels: [Int]

    init(_ outputs: ExitOutputs, exit: Int) {
        classes = outputs.classes
        labels = outputs.labels
        let start = exit * outputs.images * classes
        // Probabilities that underflow float32 are stored as 0, which has no logarithm.
        values = outputs.probabilities.values[start..<start + outputs.images * classes].map {
            log(max($0, .leastNormalMagnitude))
        }
    }

    var images: Int { labels.count }

    func row(_ image: Int) -> ArraySlice<Float> {
        values[image * classes..<(image + 1) * classes]
    }

    /// The first and second derivative of the mean of `-ln p_T(label)` with respect to `b = 1 / T`:
    /// the expected log-probability minus the label's, and the variance of the log-probabilities.
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

    /// The top-1 probability at a temperature, whether that class is the label, and the label's
    /// `-ln p`.
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

/// The reliability of an exit's confidences: how well they match its accuracy.
package struct ExitReliability: Equatable, Sendable {
    /// The images whose confidence lies in one interval.
    package struct Bin: Equatable, Sendable {
        /// The number of images.
        package let count: Int
        /// The mean confidence, 0 without images.
        package let confidence: Double
        /// The fraction of correct images, 0 without images.
        package let accuracy: Double

        /// The number of correct images.
        package var correct: Int { Int((accuracy * Double(count)).rounded()) }
    }

    /// The number of bins; bin i covers (i/15, (i + 1)/15].
    package static let binCount = 15

    /// The bins by increasing confidence.
    package let bins: [Bin]
    /// The mean of `-ln p(label)`.
    package let negativeLogLikelihood: Double

    /// The expected calibration error, `sum(count |accuracy - confidence|) / n`, in 0...1.
    package var expectedCalibrationError: Double { Self.calibrationError(of: bins) }

    /// The expected calibration error of bins with at least one image.
    package static func calibrationError(of bins: [Bin]) -> Double {
        let images = bins.reduce(0) { $0 + $1.count }
        let sum = bins.reduce(0) { $0 + Double($1.count) * abs($1.accuracy - $1.confidence) }
        return sum / Double(images)
    }

    /// Measures all exits.
    ///
    /// - Parameters:
    ///   - outputs: the outputs of all exits.
    ///   - temperatures: the divisor of each exit's log-probabilities, or nil for none.
    /// - Returns: one result per exit.
    package static func all(_ outputs: ExitOutputs, temperatures: [Double]? = nil) -> [Self] {
        (0..<outputs.exits).map { exit in
            Self(LogProbabilities(outputs, exit: exit), temperature: temperatures?[exit] ?? 1)
        }
    }

    init(_ exit: LogProbabilities, temperature: Double) {
        let answers = (0..<exit.images).map { exit.scaled($0, temperature: temperature) }
        bins = Self.bins(answers.lazy.map { ($0.confidence, $0.isCorrect) })
        negativeLogLikelihood = answers.reduce(0) { $0 + $1.loss } / Double(exit.images)
    }

    /// Groups predictions into ``binCount`` bins.
    ///
    /// - Parameter answers: the confidence of each prediction, and whether it is correct.
    /// - Returns: the bins by increasing confidence.
    package static func bins(
        _ answers: some Sequence<(confidence: Double, isCorrect: Bool)>
    ) -> [Bin] {
        var counts = [Int](repeating: 0, count: binCount)
        var confidences = [Double](repeating: 0, count: binCount)
        var correct = [Int](repeating: 0, count: binCount)
        for answer in answers {
            let place = (answer.confidence * Double(binCount)).rounded(.up)
            let bin = min(max(Int(place) - 1, 0), binCount - 1)
            counts[bin] += 1
            confidences[bin] += answer.confidence
            correct[bin] += answer.isCorrect ? 1 : 0
        }
        return counts.indices.map { bin in
            let count = Double(max(counts[bin], 1))
            return Bin(
                count: counts[bin], confidence: confidences[bin] / count,
                accuracy: Double(correct[bin]) / count)
        }
    }
}

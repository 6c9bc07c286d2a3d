public import DVTCore

/// How the score compared with an exit's threshold is computed.
public struct ExitScoring: Hashable, Sendable {
    /// The criterion that defines the score.
    public var criterion: ExitCriterion
    /// The temperature of each exit, including the last, or nil for 1 everywhere.
    public var temperatures: [Float]?

    /// Creates a scoring, by default the authors'.
    ///
    /// - Parameters:
    ///   - criterion: the criterion that defines the score.
    ///   - temperatures: the divisor of each exit's logits, or nil.
    public init(criterion: ExitCriterion = .confidence, temperatures: [Float]? = nil) {
        self.criterion = criterion
        self.temperatures = temperatures
    }

    /// Computes the score of one image from saved softmax outputs.
    ///
    /// - Parameters:
    ///   - probabilities: the C softmax outputs of the exit.
    ///   - exit: the exit, from 0.
    /// - Returns: the score, equal to the cascade's except for rounding.
    package func score(_ probabilities: ArraySlice<Float>, exit: Int) -> Float {
        criterion.score(probabilities, temperature: Double(temperature(exit)))
    }

    /// Computes the results of a batch at an exit on the device.
    ///
    /// - Parameters:
    ///   - logits: `[B, classes]`.
    ///   - exit: the exit, from 0.
    ///   - backend: the device.
    /// - Returns: classes, probabilities and scores.
    /// - Throws: the backend's error.
    package func confidences<B: Backend>(
        _ logits: B.DeviceTensor, exit: Int, on backend: B
    ) throws -> [ClassConfidence] {
        try backend.confidence(logits, criterion: criterion, temperature: temperature(exit))
    }

    /// Checks that the temperatures fit a cascade.
    ///
    /// - Parameter stages: the cascade's number of stages.
    /// - Throws: ``ModelError/invalidPolicy(reason:)`` if not.
    func check(stages: Int) throws {
        guard let temperatures else { return }
        guard temperatures.count == stages else {
            throw ModelError.invalidPolicy(
                reason: "\(stages) temperatures are needed, one for every exit, but "
                    + "\(temperatures.count) were given")
        }
        if let wrong = temperatures.first(where: { !($0 > 0 && $0.isFinite) }) {
            throw ModelError.invalidPolicy(
                reason: "a temperature is \(wrong); give numbers above 0")
        }
    }

    private func temperature(_ exit: Int) -> Float { temperatures?[exit] ?? 1 }
}

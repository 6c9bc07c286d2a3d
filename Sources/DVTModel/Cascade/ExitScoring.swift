public import DVTCore

/// How the number is computed that an exit's threshold is compared with.
public struct ExitScoring: Hashable, Sendable {
    /// What it is.
    public var criterion: ExitCriterion
    /// The temperature of every exit, the last one's included, or nil for 1 everywhere.
    public var temperatures: [Float]?

    /// Creates a scoring; the authors' by default.
    ///
    /// - Parameters:
    ///   - criterion: what the number is.
    ///   - temperatures: what each exit's logits are divided by before, or nil.
    public init(criterion: ExitCriterion = .confidence, temperatures: [Float]? = nil) {
        self.criterion = criterion
        self.temperatures = temperatures
    }

    /// The score of one image by saved softmax outputs.
    ///
    /// - Parameters:
    ///   - probabilities: those of one exit, C of them.
    ///   - exit: the exit, from 0.
    /// - Returns: the score, which but for rounding is what a cascade decides by.
    package func score(_ probabilities: ArraySlice<Float>, exit: Int) -> Float {
        criterion.score(probabilities, temperature: Double(temperature(exit)))
    }

    /// What a device says of a batch at an exit.
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

/// The likeliest class, its softmax probability, and how sure of it an exit is.
public struct ClassConfidence: Sendable, Equatable {
    /// The class, from 0.
    public let classIndex: Int
    /// Its softmax probability.
    public let confidence: Float
    /// What is compared with a threshold: the ``ExitCriterion`` that was asked for.
    public let score: Float

    /// Takes what was computed.
    ///
    /// - Parameters:
    ///   - classIndex: the class, from 0.
    ///   - confidence: its softmax probability.
    ///   - score: what is compared with a threshold, or nil where that is the probability.
    public init(classIndex: Int, confidence: Float, score: Float? = nil) {
        self.classIndex = classIndex
        self.confidence = confidence
        self.score = score ?? confidence
    }
}

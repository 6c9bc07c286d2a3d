/// The top-1 class of an image at an exit, its softmax probability and its score.
public struct ClassConfidence: Sendable, Equatable {
    /// The class, from 0.
    public let classIndex: Int
    /// The softmax probability of the class.
    public let probability: Float
    /// The value compared with the exit's threshold, defined by the ``ExitCriterion``.
    public let score: Float

    /// Creates the result.
    ///
    /// - Parameters:
    ///   - classIndex: the class, from 0.
    ///   - probability: its softmax probability.
    ///   - score: the value compared with the threshold; nil means the probability.
    public init(classIndex: Int, probability: Float, score: Float? = nil) {
        self.classIndex = classIndex
        self.probability = probability
        self.score = score ?? probability
    }
}

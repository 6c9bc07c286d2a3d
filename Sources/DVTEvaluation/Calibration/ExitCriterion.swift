import Glibc

/// What is compared with an exit's threshold: how sure the exit is of an image, from 0 to 1.
public enum ExitCriterion: String, CaseIterable, Sendable {
    /// The largest probability, `max p`: the authors' rule, and what a cascade decides by.
    case confidence
    /// The largest probability less the second largest.
    case margin
    /// How far the entropy lies below its greatest value, `1 + sum(p ln p) / ln C`: 1 where one
    /// class has all the probability, 0 where all classes have the same.
    case entropy

    /// How sure an exit is.
    ///
    /// - Parameter probabilities: the softmax outputs of one image, C of them, at least 2.
    /// - Returns: the score, in 0...1; sums are in Double.
    public func score(_ probabilities: some Collection<Float>) -> Float {
        switch self {
        case .confidence:
            return probabilities.max() ?? 0
        case .margin:
            var (first, second): (Float, Float) = (0, 0)
            for value in probabilities {
                if value > first {
                    (first, second) = (value, first)
                } else {
                    second = max(second, value)
                }
            }
            return first - second
        case .entropy:
            let sum = probabilities.reduce(0) { $1 > 0 ? $0 + Double($1) * log(Double($1)) : $0 }
            let score = 1 + sum / log(Double(probabilities.count))
            // Rounded probabilities add up to a little more or less than 1.
            return Float(min(max(score, 0), 1))
        }
    }
}

import Glibc

/// The score compared with an exit's threshold: a measure of certainty from 0 to 1.
///
/// - SeeAlso: Table 9 of Wang et al., 2021, <https://arxiv.org/abs/2105.15075>, which compares
///   confidence and entropy.
public enum ExitCriterion: String, CaseIterable, Sendable {
    /// The largest probability, `max p`: the authors' rule.
    case confidence
    /// The largest probability minus the second largest.
    case margin
    /// One minus the normalized entropy, `1 + sum(p ln p) / ln C`: 1 if one class has all the
    /// probability, 0 if all classes are equally probable.
    case entropy

    /// Computes the score of one image.
    ///
    /// A temperature T other than 1 first rescales the probabilities to `softmax(ln p / T)`, with p
    /// clamped to the least normal float32, 1.2e-38.
    ///
    /// - Parameters:
    ///   - probabilities: the C softmax outputs of the image; the score is 1 if C is 1.
    ///   - temperature: T, above 0.
    /// - Returns: the score, in 0...1, summed in Double.
    public func score(_ probabilities: ArraySlice<Float>, temperature: Double = 1) -> Float {
        guard temperature != 1 else { return Float(score(of: probabilities)) }
        let logarithms = probabilities.map { log(Double(max($0, .leastNormalMagnitude))) }
        let largest = logarithms.max() ?? 0
        let powers = logarithms.map { exp(($0 - largest) / temperature) }
        let sum = powers.reduce(0, +)
        return score(powers.map { $0 / sum })
    }

    /// Computes the score from probabilities in Double.
    package func score(_ probabilities: [Double]) -> Float {
        Float(score(of: probabilities))
    }

    private func score<Value: BinaryFloatingPoint>(of probabilities: some Collection<Value>)
        -> Double
    {
        switch self {
        case .confidence:
            return Double(probabilities.max() ?? 0)
        case .margin:
            var (first, second): (Value, Value) = (0, 0)
            for value in probabilities {
                if value > first {
                    (first, second) = (value, first)
                } else {
                    second = max(second, value)
                }
            }
            return Double(first - second)
        case .entropy:
            guard probabilities.count > 1 else { return 1 }
            let sum = probabilities.reduce(0.0) {
                $1 > 0 ? $0 + Double($1) * log(Double($1)) : $0
            }
            // Rounded probabilities do not sum to exactly 1.
            return min(max(1 + sum / log(Double(probabilities.count)), 0), 1)
        }
    }
}

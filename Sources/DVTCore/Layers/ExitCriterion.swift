import Glibc

/// What is compared with an exit's threshold: how sure the exit is of an image, from 0 to 1.
///
/// - SeeAlso: Table 9 of Wang et al., 2021, <https://arxiv.org/abs/2105.15075>, which compares the
///   first and the last.
public enum ExitCriterion: String, CaseIterable, Sendable {
    /// The largest probability, `max p`: the authors' rule.
    case confidence
    /// The largest probability less the second largest.
    case margin
    /// How far the entropy lies below its greatest value, `1 + sum(p ln p) / ln C`: 1 where one
    /// class has all the probability, 0 where all classes have the same.
    case entropy

    /// How sure an exit is.
    ///
    /// A temperature T of another value than 1 makes the probabilities `softmax(ln p / T)` before;
    /// what float32 holds as 0 counts as the least normal number there, 1.2e-38.
    ///
    /// - Parameters:
    ///   - probabilities: the softmax outputs of one image, C of them; of 1, the score is 1.
    ///   - temperature: T, above 0.
    /// - Returns: the score, in 0...1; sums are in Double.
    public func score(_ probabilities: ArraySlice<Float>, temperature: Double = 1) -> Float {
        guard temperature != 1 else { return Float(score(of: probabilities)) }
        let logarithms = probabilities.map { log(Double(max($0, .leastNormalMagnitude))) }
        let largest = logarithms.max() ?? 0
        let powers = logarithms.map { exp(($0 - largest) / temperature) }
        let sum = powers.reduce(0, +)
        return score(powers.map { $0 / sum })
    }

    /// How sure an exit is by probabilities that are not rounded.
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
            // Rounded probabilities add up to a little more or less than 1.
            return min(max(1 + sum / log(Double(probabilities.count)), 0), 1)
        }
    }
}

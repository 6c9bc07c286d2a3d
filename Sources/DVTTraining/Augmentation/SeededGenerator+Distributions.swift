import DVTSupport
import Glibc

// These use the C library, whose results may differ in the last bits between versions.
extension SeededGenerator {
    /// Draws from the standard normal distribution, by Box and Muller.
    mutating func normal() -> Double {
        let radius = (-2 * log(1 - unit())).squareRoot()
        return radius * cos(2 * Double.pi * unit())
    }

    /// Draws log-uniformly from a range.
    mutating func nextRatio(_ range: ClosedRange<Double>) -> Double {
        exp(next(log(range.lowerBound)...log(range.upperBound)))
    }

    /// Draws from the beta distribution Beta(alpha, alpha).
    mutating func beta(_ alpha: Double) -> Double {
        let first = gamma(alpha)
        return first / (first + gamma(alpha))
    }

    /// Draws from the gamma distribution of scale 1, by Marsaglia and Tsang.
    ///
    /// - SeeAlso: <https://doi.org/10.1145/358407.358414>; its section 6 for a shape below 1.
    mutating func gamma(_ shape: Double) -> Double {
        guard shape >= 1 else {
            // Positive: two zeros would make `beta` 0 / 0.
            return gamma(shape + 1) * pow(1 - unit(), 1 / shape)
        }
        let d = shape - 1.0 / 3
        let c = 1 / (9 * d).squareRoot()
        while true {
            let x = normal()
            let root = 1 + c * x
            let v = root * root * root
            // 1 - u is positive, so its logarithm is finite.
            if v > 0, log(1 - unit()) < x * x / 2 + d - d * v + d * log(v) { return d * v }
        }
    }
}

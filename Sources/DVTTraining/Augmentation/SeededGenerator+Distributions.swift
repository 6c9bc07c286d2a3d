import DVTCore
import DVTSupport
import Glibc

// The C library's functions are used, whose last bits may differ from one to the next.
extension SeededGenerator {
    /// The next number of mean 0 and deviation 1, by Box and Muller.
    mutating func normal() -> Double {
        let radius = (-2 * log(1 - unit())).squareRoot()
        return radius * cos(2 * Double.pi * unit())
    }

    /// The next number of a range, even in its logarithm.
    mutating func nextRatio(_ range: ClosedRange<Double>) -> Double {
        exp(next(log(range.lowerBound)...log(range.upperBound)))
    }

    /// The next number of the beta distribution B(alpha, alpha), from 0 to 1.
    mutating func beta(_ alpha: Double) -> Double {
        let first = gamma(alpha)
        return first / (first + gamma(alpha))
    }

    /// The next number of the gamma distribution of scale 1, by Marsaglia and Tsang.
    ///
    /// - SeeAlso: <https://doi.org/10.1145/358407.358414>; its section 6 for a shape below 1.
    mutating func gamma(_ shape: Double) -> Double {
        guard shape >= 1 else {
            // Above 0, or two such numbers may both be 0.
            return gamma(shape + 1) * pow(1 - unit(), 1 / shape)
        }
        let d = shape - 1.0 / 3
        let c = 1 / (9 * d).squareRoot()
        while true {
            let x = normal()
            let root = 1 + c * x
            let v = root * root * root
            // 1 - u is above 0, and its logarithm finite.
            if v > 0, log(1 - unit()) < x * x / 2 + d - d * v + d * log(v) { return d * v }
        }
    }
}

/// Repeated measurements of a time in milliseconds.
package struct TimeStatistics: Equatable, Sendable {
    /// The times in the order of measurement.
    package let samples: [Double]

    /// Creates statistics.
    ///
    /// - Parameter samples: the measured times, at least one.
    package init(_ samples: [Double]) {
        precondition(!samples.isEmpty, "statistics need a sample")
        self.samples = samples
    }

    /// The minimum.
    package var minimum: Double { quantile(0) }
    /// The median; for an even count the mean of the two middle times.
    package var median: Double {
        let sorted = samples.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1
            ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    /// Returns a quantile.
    ///
    /// - Parameter share: the fraction of samples at or below the result, 0 to 1.
    /// - Returns: the smallest such sample.
    package func quantile(_ share: Double) -> Double {
        let rank = Int((share * Double(samples.count)).rounded(.up))
        return samples.sorted()[min(max(rank - 1, 0), samples.count - 1)]
    }
}

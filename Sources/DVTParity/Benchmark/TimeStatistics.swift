/// Times of one thing done again and again, milliseconds.
public struct TimeStatistics: Equatable, Sendable {
    /// The times, in the order they were measured.
    public let samples: [Double]

    /// Creates statistics.
    ///
    /// - Parameter samples: the times, at least one.
    public init(_ samples: [Double]) {
        precondition(!samples.isEmpty, "statistics need a sample")
        self.samples = samples
    }

    /// The least time.
    public var minimum: Double { quantile(0) }
    /// The time that half of the others do not exceed; of an even number the mean of the two.
    public var median: Double {
        let sorted = samples.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1
            ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    /// The least time that a share of all do not exceed.
    ///
    /// - Parameter share: the share, 0 to 1.
    /// - Returns: the time, one of the samples.
    public func quantile(_ share: Double) -> Double {
        let rank = Int((share * Double(samples.count)).rounded(.up))
        return samples.sorted()[min(max(rank - 1, 0), samples.count - 1)]
    }
}

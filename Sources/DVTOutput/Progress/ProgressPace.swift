/// The speed of a run without its warm-up.
///
/// The time up to the first finished units includes one-time work, such as building kernels, so
/// they only start the clock. The current speed is that of about the last minute.
struct ProgressPace: Sendable {
    private struct Sample {
        let count: Int
        let time: Duration
    }

    /// The time that the current speed covers, if it has two samples.
    private static let window = Duration.seconds(60)
    /// The minimum time between two samples.
    private static let interval = Duration.seconds(1)

    /// Samples from the oldest one of the window on, the first units' at first.
    private var samples: [Sample] = []
    private var first: Sample?
    private var last: Sample?

    /// Adds the count of finished units at a time since the start.
    mutating func add(count: Int, at time: Duration) {
        let sample = Sample(count: count, time: time)
        last = sample
        first = first ?? sample
        guard samples.last.map({ time - $0.time >= Self.interval }) ?? true else { return }
        samples.append(sample)
        // The sample before the window stays, so that the window is covered.
        let old = samples.firstIndex { time - $0.time <= Self.window } ?? samples.endIndex - 1
        samples.removeFirst(max(0, old - 1))
    }

    /// The current units per second, or nil before the second report.
    var current: Double? { Self.rate(from: samples.first, to: last) }

    /// The units per second of the whole run, or nil before the second report.
    var mean: Double? { Self.rate(from: first, to: last) }

    private static func rate(from start: Sample?, to end: Sample?) -> Double? {
        guard let start, let end, end.count > start.count, end.time > start.time else { return nil }
        return Double(end.count - start.count) / (end.time - start.time).seconds
    }
}

extension Duration {
    /// The duration in seconds.
    var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}

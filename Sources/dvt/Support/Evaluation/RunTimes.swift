import DVTParity

/// The times of batches on the device and the host, without decoding.
struct RunTimes {
    private(set) var images = 0
    private(set) var seconds = 0.0
    /// Time from the start of the batch to each image's exit, milliseconds.
    private(set) var latencies: [Double] = []

    mutating func add(seconds: Double, latencies: [Double]) {
        images += latencies.count
        self.seconds += seconds
        self.latencies += latencies
    }

    /// Images per second, or nil if nothing was timed.
    var imagesPerSecond: Double? { images > 0 ? Double(images) / seconds : nil }
    var statistics: TimeStatistics? { latencies.isEmpty ? nil : TimeStatistics(latencies) }
}

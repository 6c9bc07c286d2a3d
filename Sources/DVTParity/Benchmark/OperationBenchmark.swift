import DVTAutodiff
internal import DVTCore
package import DVTOperations

/// Times one operation on a device.
package struct OperationBenchmark {
    /// Runs the operation once and waits until it is done.
    package let run: () throws -> Void

    /// Copies the inputs to a device and runs the operation twice, which builds its kernels and
    /// packs its weights.
    ///
    /// - Parameters:
    ///   - operation: the operation.
    ///   - backend: the device.
    /// - Throws: the backend's error.
    package init<B: DifferentiableBackend>(_ operation: any Operation, on backend: B) throws {
        let enqueue = try operation.prepare(on: backend)
        run = {
            _ = try enqueue()
            try backend.finish()
        }
        try run()
        try run()
    }

    /// Runs the operation until enough time has gone, and times each run.
    ///
    /// - Parameters:
    ///   - repeats: the fewest runs that count.
    ///   - milliseconds: how long to go on.
    /// - Returns: the time from enqueueing to the end of the work.
    /// - Throws: the backend's error.
    package func time(repeats: Int, milliseconds: Double) throws -> TimeStatistics {
        var samples: [Double] = []
        var sum = 0.0
        while samples.count < repeats || (sum < milliseconds && samples.count < 10_000) {
            let start = ContinuousClock.now
            try run()
            samples.append((ContinuousClock.now - start) / .milliseconds(1))
            sum += samples[samples.count - 1]
        }
        return TimeStatistics(samples)
    }
}

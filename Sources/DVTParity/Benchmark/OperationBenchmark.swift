import DVTAutodiff
internal import DVTCore
package import DVTOperations

/// Times one operation on a device.
package struct OperationBenchmark {
    /// Runs the operation once and waits for its completion.
    package let run: () throws -> Void

    /// Uploads the inputs and runs the operation twice to build its kernels and pack its weights.
    ///
    /// - Parameters:
    ///   - operation: the operation to time.
    ///   - backend: the backend to run on.
    /// - Throws: the backend's error.
    package init<B: DifferentiableBackend>(_ operation: any Operation, on backend: B) throws {
        let enqueue = try operation.prepare(on: backend)
        try self.init {
            _ = try enqueue()
            try backend.finish()
        }
    }

    /// Runs a function twice, which may build kernels.
    ///
    /// - Parameter run: enqueues work and waits for its completion.
    /// - Throws: the function's error.
    package init(_ run: @escaping () throws -> Void) throws {
        self.run = run
        try run()
        try run()
    }

    /// Times runs of the operation for a minimum count and duration.
    ///
    /// - Parameters:
    ///   - repeats: the minimum number of runs.
    ///   - milliseconds: the minimum total time.
    /// - Returns: the times from enqueueing to completion.
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

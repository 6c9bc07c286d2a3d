import DVTEvaluation
import DVTOpenCL
import DVTOperations
import DVTParity
import OpenCLRuntime

/// The times of one operation.
struct OperationTimes {
    /// Wall-clock time from enqueueing to completion.
    let time: TimeStatistics
    /// Kernel time by the device's clock, measured in separate runs.
    let deviceTime: TimeStatistics
    let launches: Int
    /// Whether ``deviceTime`` omits kernels of CLBlast.
    let isPartial: Bool

    /// Measures wall-clock time, then kernel time from profiling events.
    ///
    /// - Parameters:
    ///   - operation: the operation.
    ///   - backend: the device.
    ///   - warmup: the untimed runs after the two that build the kernels.
    ///   - repeats: the minimum number of runs.
    ///   - milliseconds: the minimum total time.
    /// - Throws: the backend's error.
    init(
        _ operation: any Operation, on backend: OpenCLBackend, warmup: Int = 0, repeats: Int,
        milliseconds: Double
    ) throws {
        let benchmark = try OperationBenchmark(operation, on: backend)
        for _ in 0..<warmup { try benchmark.run() }
        time = try benchmark.time(repeats: repeats, milliseconds: milliseconds)
        let works = try (0..<min(repeats, 20)).map { _ in
            try backend.profile(benchmark.run)
        }
        deviceTime = TimeStatistics(works.map(\.milliseconds))
        launches = works[0].launches
        isPartial = works[0].isPartial
    }

    init(time: TimeStatistics, deviceTime: TimeStatistics, launches: Int) {
        self.time = time
        self.deviceTime = deviceTime
        self.launches = launches
        isPartial = false
    }

    static let partialNote = """
        note: for CLBlast GEMMs the device time covers only the last kernel, not the copies and \
        padding before it
        """
}

import DVTEvaluation
import DVTOpenCL
import DVTOperations
import DVTParity

/// One linear map with the engines that were timed for it.
struct TunedMap {
    let operation: LinearOperation
    /// The fastest engine.
    let engine: LinearEngine
    /// Its median, milliseconds.
    let milliseconds: Double
    /// The median of the engine that runs without tuning.
    let standardMilliseconds: Double
    /// The engines that were timed to the end.
    let tried: Int
}

/// Finds the fastest engine for linear maps.
///
/// Engines that turn out several times slower than the best at one map are left out of the next.
struct LinearTuner {
    private let backend: OpenCLBackend
    private let milliseconds: Double
    private var engines: [LinearEngine]

    /// How much slower than the best an engine may be to be tried at the next map.
    private static let hopeless = 4.0
    /// What an engine must win by, so that noise does not choose.
    private static let margin = 1.03

    /// Creates a tuner.
    ///
    /// - Parameters:
    ///   - backend: the device.
    ///   - engines: the engines to try beside the device's own.
    ///   - milliseconds: how long each engine is timed at a map.
    init(_ backend: OpenCLBackend, engines: [LinearEngine], milliseconds: Double) {
        self.backend = backend
        self.milliseconds = milliseconds
        self.engines = engines.filter { $0 != backend.defaultLinearEngine }
    }

    /// Times the engines at one map.
    ///
    /// - Parameter operation: the map.
    /// - Returns: the fastest.
    /// - Throws: the device's error if its own engine does not run.
    mutating func tune(_ operation: LinearOperation) throws -> TunedMap {
        defer { backend.chosenLinearEngine = nil }
        let standard = backend.defaultLinearEngine
        var times = [standard: try time(operation, standard, repeats: 3)]
        for engine in engines {
            let best = times.values.min() ?? .infinity
            // A device need not have the registers or the local memory for an engine's tile.
            let once = try? time(operation, engine, repeats: 1, milliseconds: 0)
            guard let first = once, first < Self.hopeless * best else {
                engines.removeAll { $0 == engine }
                continue
            }
            times[engine] = first < 1.5 * best ? try time(operation, engine, repeats: 3) : first
        }
        return try choose(operation, times)
    }

    /// The fastest of those that were timed, if it is so again beside the device's own.
    private func choose(
        _ operation: LinearOperation, _ times: [LinearEngine: Double]
    ) throws -> TunedMap {
        let standard = backend.defaultLinearEngine
        let winner = times.min { ($0.value, "\($0.key)") < ($1.value, "\($1.key)") }?.key
        let engine = winner ?? standard
        let again = try time(operation, standard, repeats: 3)
        let challenger = engine == standard ? again : try time(operation, engine, repeats: 3)
        let isFaster = challenger * Self.margin < again
        return TunedMap(
            operation: operation, engine: isFaster ? engine : standard,
            milliseconds: isFaster ? challenger : again, standardMilliseconds: again,
            tried: times.count)
    }

    private func time(
        _ operation: LinearOperation, _ engine: LinearEngine, repeats: Int,
        milliseconds: Double? = nil
    ) throws -> Double {
        backend.chosenLinearEngine = engine
        return try OperationBenchmark(operation, on: backend).time(
            repeats: repeats, milliseconds: milliseconds ?? self.milliseconds
        ).median
    }
}

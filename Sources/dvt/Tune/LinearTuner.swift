import DVTEvaluation
import DVTOpenCL
import DVTOperations
import DVTParity

/// The tuning result of one linear layer.
struct TunedLayer {
    let operation: LinearOperation
    let engine: LinearEngine
    /// The median time of the fastest engine.
    let milliseconds: Double
    /// The median time of the default engine.
    let standardMilliseconds: Double
    /// The number of engines timed completely.
    let tried: Int
}

/// Finds the fastest engine for linear layers.
///
/// Engines several times slower than the best at one layer are not tried at later ones.
struct LinearTuner {
    private let backend: OpenCLBackend
    private let milliseconds: Double
    private var engines: [LinearEngine]

    /// The slowdown from which an engine is not tried at later layers.
    private static let hopeless = 4.0
    /// The speedup an engine needs to replace the default, above measurement noise.
    private static let margin = 1.03

    /// Creates a tuner.
    ///
    /// - Parameters:
    ///   - backend: the device.
    ///   - engines: the engines to try besides the default.
    ///   - milliseconds: the time to measure each engine for.
    init(_ backend: OpenCLBackend, engines: [LinearEngine], milliseconds: Double) {
        self.backend = backend
        self.milliseconds = milliseconds
        self.engines = engines
    }

    /// Times the engines at one layer.
    ///
    /// - Parameter operation: the linear layer.
    /// - Returns: the fastest engine and its time.
    /// - Throws: the device's error if the default engine fails.
    mutating func tune(_ operation: LinearOperation) throws -> TunedLayer {
        defer { backend.chosenLinearEngine = nil }
        let standard = untunedEngine(operation)
        var times = [standard: try time(operation, standard, repeats: 3)]
        for engine in engines where engine != standard {
            let best = times.values.min() ?? .infinity
            // The device may lack the registers or local memory for an engine's tile.
            let once = try? time(operation, engine, repeats: 1, milliseconds: 0)
            guard let first = once, first < Self.hopeless * best else {
                engines.removeAll { $0 == engine }
                continue
            }
            times[engine] = first < 1.5 * best ? try time(operation, engine, repeats: 3) : first
        }
        return try choose(operation, times)
    }

    /// The fastest engine, if it beats the default engine again.
    private func choose(
        _ operation: LinearOperation, _ times: [LinearEngine: Double]
    ) throws -> TunedLayer {
        let standard = untunedEngine(operation)
        let winner = times.min { ($0.value, "\($0.key)") < ($1.value, "\($1.key)") }?.key
        let engine = winner ?? standard
        let again = try time(operation, standard, repeats: 3)
        let challenger = engine == standard ? again : try time(operation, engine, repeats: 3)
        let isFaster = challenger * Self.margin < again
        return TunedLayer(
            operation: operation, engine: isFaster ? engine : standard,
            milliseconds: isFaster ? challenger : again, standardMilliseconds: again,
            tried: times.count)
    }

    private func untunedEngine(_ operation: LinearOperation) -> LinearEngine {
        backend.untunedEngine(
            rows: operation.rows, inputs: operation.inputs, outputs: operation.outputs)
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

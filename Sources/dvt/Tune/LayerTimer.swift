import DVTOpenCL
import DVTOperations
import DVTParity

/// The end of a search: the time limit or a signal.
struct TuningStop {
    /// The search has to end.
    struct Reached: Error {}

    let end: ContinuousClock.Instant
    let interruption: Interruption

    /// What ended the search.
    var cause: String { interruption.isRequested ? "the interruption" : "the time limit" }

    /// Whether work of a predicted duration may begin.
    func hasTime(seconds: Double) -> Bool {
        !interruption.isRequested && ContinuousClock.now + .seconds(seconds) < end
    }

    /// Throws ``Reached`` if work of a predicted duration must not begin.
    func check(seconds: Double = 0) throws(Reached) {
        guard hasTime(seconds: seconds) else { throw Reached() }
    }
}

/// Times engines at layers, whose inputs stay on the device.
struct LayerTimer {
    /// A time, and what the first run took beyond it.
    struct Timing {
        let milliseconds: Double
        let buildSeconds: Double
    }

    private let backend: OpenCLBackend
    private let stop: TuningStop
    /// The prepared layers by their index.
    private var runs: [Int: () throws -> Void] = [:]
    private var heldBytes = 0

    /// The minimum number of timed runs, and their time in milliseconds.
    private static let (repeats, duration) = (3, 40.0)
    /// The memory of prepared layers.
    private static let memoryLimit = 1 << 29

    init(_ backend: OpenCLBackend, _ stop: TuningStop) {
        self.backend = backend
        self.stop = stop
    }

    /// The median time of an engine at a layer, after a run that may build a program.
    ///
    /// - Parameters:
    ///   - index: the layer's index.
    ///   - operation: the layer.
    ///   - engine: the engine.
    ///   - limit: the measurement ends after two runs that take longer, in milliseconds, or one that
    ///     takes twice as long.
    /// - Returns: the time.
    /// - Throws: ``TuningStop/Reached`` between runs, or the device's error.
    mutating func time(
        _ index: Int, _ operation: LinearOperation, _ engine: LinearEngine, atMost limit: Double
    ) throws -> Timing {
        backend.chosenLinearEngine = engine
        let run = try prepared(index, operation)
        let first = try milliseconds(run)
        var (samples, sum) = ([Double](), 0.0)
        while samples.count < Self.repeats || sum < Self.duration {
            try stop.check()
            let sample = try milliseconds(run)
            samples.append(sample)
            sum += sample
            let isSlow = samples.count > 1 && samples.allSatisfy { $0 > limit }
            if isSlow || sample > 2 * limit { break }
        }
        let median = TimeStatistics(samples).median
        return Timing(milliseconds: median, buildSeconds: max(0, first - median) / 1000)
    }

    private func milliseconds(_ run: () throws -> Void) throws -> Double {
        let start = ContinuousClock.now
        try run()
        return (ContinuousClock.now - start) / .milliseconds(1)
    }

    /// A run of a layer; layers that were prepared earlier are released where memory is short.
    private mutating func prepared(
        _ index: Int, _ operation: LinearOperation
    ) throws -> () throws -> Void {
        if let run = runs[index] { return run }
        if heldBytes + operation.byteCount > Self.memoryLimit {
            runs = [:]
            heldBytes = 0
        }
        let enqueue = try operation.prepare(on: backend)
        let run = { [backend] in
            _ = try enqueue()
            try backend.finish()
        }
        runs[index] = run
        heldBytes += operation.byteCount
        return run
    }
}

/// The times that programs took to build.
struct BuildTimes {
    private struct Program: Hashable {
        let engine: LinearEngine
        /// What distinguishes the programs of an engine.
        let variant: [Bool]
    }

    private var built: Set<Program> = []
    /// CLBlast builds all its kernels at once, in every process: 7 s on PoCL.
    private var longest: [Substring: Double] = ["clblast": 8]

    /// The seconds that a run takes to build the engine's program: the longest time of an engine of
    /// the same kind, else of any but CLBlast, and 0 for the first.
    func expected(_ engine: LinearEngine, _ operation: LinearOperation) -> Double {
        guard !built.contains(program(engine, operation)) else { return 0 }
        let others = longest.filter { $0.key != "clblast" }
        return longest[kind(engine)] ?? others.values.max() ?? 0
    }

    /// Records the build in the first run of an engine at a layer.
    mutating func record(_ seconds: Double, of engine: LinearEngine, _ operation: LinearOperation) {
        guard built.insert(program(engine, operation)).inserted else { return }
        let isLibrary = engine == .clblast
        longest[kind(engine)] = isLibrary ? seconds : max(seconds, longest[kind(engine)] ?? 0)
    }

    private func kind(_ engine: LinearEngine) -> Substring {
        "\(engine)".prefix { $0 != "-" }
    }

    private func program(_ engine: LinearEngine, _ operation: LinearOperation) -> Program {
        let variant = [
            operation.inputs % 8 != 0, operation.outputs % 4 != 0, operation.name == "logits",
        ]
        return Program(engine: engine, variant: engine == .clblast ? [] : variant)
    }
}

import ArgumentParser
import DVTCore
import DVTEvaluation
import DVTModel
import DVTOpenCL
import DVTOperations
import DVTOutput
import DVTParity
import DVTSupport
import OpenCLRuntime

struct Tune: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Find the fastest engine for a model's linear maps on this device.",
        discussion: """
            Examples:
              dvt tune
              dvt tune --model dvt-t2t-vit-12 --batch-size 1 --batch-size 32 --time-limit 60

            The linear maps carry most of a model's time. Each is timed by every engine of \
            the device's kernel style, the costliest first; what is found is kept for this device and driver \
            in the user's cache folder, beside what earlier runs found, and counts from the next \
            command on. Ctrl-C keeps what was found until then. Nothing else should run on the \
            machine meanwhile.
            """)

    @Option(
        help: ArgumentHelp(
            "A model, which may be given several times: a name or a JSON file.",
            valueName: "name|file.json"),
        completion: .list(CascadeConfiguration.names))
    var model: [String] = []

    @Option(
        help: ArgumentHelp(
            "The images that run together; may be given several times.", valueName: "images"))
    var batchSize: [Int] = []

    @Option(
        help: ArgumentHelp(
            "When to end, in seconds; one map is always tuned.", valueName: "seconds"))
    var timeLimit = 120.0

    @Option(
        help: ArgumentHelp(
            "An engine to try, which may be given several times; all of the device's kind.",
            discussion: "See --linear-engine for their names."))
    var engine: [LinearEngine] = []

    @Flag(help: "Forget what earlier runs found.")
    var reset = false

    @OptionGroup var outputOptions: OutputOptions
    @OptionGroup var deviceOptions: DeviceOptions

    func validate() throws {
        guard timeLimit > 0, timeLimit.isFinite else {
            throw ValidationError("--time-limit is \(timeLimit); it takes seconds above 0.")
        }
        guard batchSize.allSatisfy({ (1...4096).contains($0) }) else {
            throw ValidationError("--batch-size takes 1...4096.")
        }
        guard deviceOptions.linearEngine == nil else {
            throw ValidationError("--linear-engine leaves nothing to choose.")
        }
    }

    func run() throws {
        let maps = try linearMaps()
        if case .off(let reason) = DiskCache.standard {
            throw TuningNotKept(reason: reason)
        }
        let backend = try deviceOptions.makeOpenCLBackend()
        printError("device: \(backend.deviceName), \(backend.kernelStyle.rawValue) kernels")
        if reset {
            backend.linearTuning = LinearTuning()
        }
        try tune(maps, on: backend)
    }

    /// The distinct linear maps of the models, the costliest first.
    private func linearMaps() throws -> [LinearOperation] {
        var costs: [LinearTuning.Sizes: (operation: LinearOperation, cost: Int)] = [:]
        for name in model.isEmpty ? ["dvt-deit-small"] : model {
            let configuration = try ModelCard.given(name).configuration
            for batch in batchSize.isEmpty ? [1, 8, 32] : batchSize {
                for counted in configuration.operations(batch: batch) {
                    guard let map = counted.operation as? LinearOperation else { continue }
                    let sizes = LinearTuning.Sizes(map)
                    let cost = counted.count * map.multiplyAdds + (costs[sizes]?.cost ?? 0)
                    costs[sizes] = (costs[sizes]?.operation ?? map, cost)
                }
            }
        }
        return costs.values.sorted { ($0.cost, $0.operation.label) > ($1.cost, $1.operation.label) }
            .map(\.operation)
    }

    private func tune(_ maps: [LinearOperation], on backend: OpenCLBackend) throws {
        let (start, interruption) = (ContinuousClock.now, Interruption())
        var tuner = LinearTuner(
            backend,
            engines: engine.isEmpty
                ? LinearEngine.candidates(for: backend.kernelStyle) : engine, milliseconds: 40)
        let progress = ProgressReporter(
            label: "tune", unit: "linear maps", total: maps.count, isQuiet: false)
        var done = 0
        try outputOptions.withWriter(Self.columns, progress: progress) { writer in
            for map in maps {
                let hasTime = done == 0 || ContinuousClock.now - start < .seconds(timeLimit)
                guard hasTime, !interruption.isRequested else { break }
                let tuned = try tuner.tune(map)
                backend.linearTuning.set(tuned.engine, for: LinearTuning.Sizes(map))
                try writer.write(Self.row(tuned) + [.string(backend.deviceName)])
                progress.advance()
                done += 1
            }
        }
        progress.finish()
        try keep(backend, done: done, of: maps.count)
    }

    private func keep(_ backend: OpenCLBackend, done: Int, of count: Int) throws {
        guard backend.linearTuning.store(for: backend.context) else {
            throw TuningNotKept(reason: "the cache folder cannot be written")
        }
        let rest = done < count ? "; \(count - done) were not reached, the cheapest ones" : ""
        printError("tuned: \(done) of \(count) linear maps, kept for this device\(rest)")
    }

    private static let columns: [OutputColumn] = [
        OutputColumn("operation", title: "Linear map"),
        OutputColumn("engine", title: "Engine"),
        .number("median_ms", title: "Median, ms", decimals: 3),
        .number("untuned_ms", title: "Untuned", decimals: 3),
        .number("speedup", title: "Ratio"),
        .number("gflops_per_sec", title: "GFLOP/s", decimals: 0),
        .number("engines_tried", title: "Tried"),
        OutputColumn("device", audience: .machines),
    ]

    private static func row(_ tuned: TunedMap) -> [OutputValue] {
        [
            .string(tuned.operation.label), .string("\(tuned.engine)"),
            .double(tuned.milliseconds), .double(tuned.standardMilliseconds),
            .double(tuned.standardMilliseconds / tuned.milliseconds),
            .double(2 * Double(tuned.operation.multiplyAdds) / tuned.milliseconds / 1e6),
            .int(tuned.tried),
        ]
    }
}

/// A tuning that does not count.
struct TuningNotKept: Error, CustomStringConvertible {
    let reason: String

    var description: String {
        "a tuning cannot be kept: \(reason); set XDG_CACHE_HOME to a folder that can be written"
    }
}

extension LinearTuning.Sizes {
    /// The sizes of an operation.
    init(_ map: LinearOperation) {
        self.init(rows: map.rows, inputs: map.inputs, outputs: map.outputs)
    }
}

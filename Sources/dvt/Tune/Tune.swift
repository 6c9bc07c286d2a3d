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
        abstract: "Find the fastest GEMM engine for a model's linear layers on a device.",
        usage: "dvt tune [<options>]",
        discussion: """
            Examples:
              dvt tune
              dvt tune --model dvt-t2t-vit-12 --batch-size 1 --batch-size 32 \\
                --time-limit 60

            Linear layers dominate a model's time. Each is timed with its default engine and the \
            six that promise most, and an engine at all layers before the next, so that each \
            kernel is built once. Results are cached for the device, its driver and the kernels, \
            in addition to those of earlier runs, and used by all later commands. When the time \
            is over, or at Ctrl-C or SIGTERM, the results so far are kept. Run on an otherwise \
            idle machine.
            """)

    @Option(
        help: ArgumentHelp(
            "A model name or a JSON file; may be repeated. Default: dvt-deit-small.",
            valueName: "name|file.json"),
        completion: .list(ModelCard.argumentNames))
    var model: [String] = []

    @Option(
        help: ArgumentHelp(
            "Images per batch; may be repeated. Default: 1, 8 and 32.", valueName: "images"))
    var batchSize: [Int] = []

    @Option(
        help: ArgumentHelp(
            "Time limit for the whole command.",
            discussion: """
                Work is begun only if it is expected to end in time, but a build or a run of a \
                layer that has begun is finished: on a CPU 1 to 2 seconds for a kernel, 7 for \
                CLBlast's.
                """, valueName: "seconds"))
    var timeLimit = 120.0

    @Option(
        help: ArgumentHelp(
            "An engine to try; may be repeated. Default: the six that promise most.",
            discussion: "See --linear-engine for the names.", valueName: "engine"))
    var engine: [LinearEngine] = []

    @Flag(help: "Discard the results of earlier runs.")
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
            throw ValidationError("--linear-engine does not apply: the engine is what is tuned.")
        }
    }

    func run() throws {
        let stop = TuningStop(
            end: .now + .seconds(timeLimit), interruption: Interruption())
        let layers = try linearLayers()
        if case .off(let reason) = DiskCache.standard {
            throw TuningCacheError(reason: reason)
        }
        do {
            let backend = try deviceOptions.makeOpenCLBackend { try stop.check() }
            printError("device: \(backend.deviceName), \(backend.kernelStyle.rawValue) kernels")
            if reset {
                backend.linearTuning = LinearTuning()
            }
            try tune(layers, on: backend, until: stop)
        } catch is TuningStop.Reached {
            try outputOptions.withWriter(Self.columns) { _ in }
            printError("not reached before \(stop.cause): the choice of the device's kernels")
        }
        if let code = stop.interruption.exitCode { throw code }
    }

    /// The distinct linear layers of the models, the most expensive first.
    private func linearLayers() throws -> [LinearOperation] {
        var costs: [LinearTuning.Sizes: (operation: LinearOperation, cost: Int)] = [:]
        for name in model.isEmpty ? ["dvt-deit-small"] : model {
            let configuration = try ModelCard.named(orFile: name).configuration
            for batch in batchSize.isEmpty ? [1, 8, 32] : batchSize {
                for counted in configuration.operations(batch: batch) {
                    guard let layer = counted.operation as? LinearOperation else { continue }
                    let sizes = LinearTuning.Sizes(layer)
                    let cost = counted.count * layer.multiplyAdds + (costs[sizes]?.cost ?? 0)
                    costs[sizes] = (costs[sizes]?.operation ?? layer, cost)
                }
            }
        }
        return costs.values.sorted { ($0.cost, $0.operation.label) > ($1.cost, $1.operation.label) }
            .map(\.operation)
    }

    private func tune(
        _ layers: [LinearOperation], on backend: OpenCLBackend, until stop: TuningStop
    ) throws {
        var tuner = LinearTuner(
            backend, layers: layers, engines: engine.isEmpty ? nil : engine, stop: stop)
        let progress = ProgressReporter(
            label: "tune", unit: "comparisons", total: tuner.comparisons.planned, isQuiet: false)
        try outputOptions.withWriter(Self.columns, progress: progress) { writer in
            let search = Result { try tuner.run { progress.advance() } }
            for tuned in tuner.results {
                let sizes = LinearTuning.Sizes(tuned.operation)
                backend.linearTuning.set(tuned.engine, for: sizes)
                try writer.write(Self.row(tuned) + [.string(backend.deviceName)])
            }
            progress.finish()
            try keep(backend, tuner, of: layers.count, stop)
            try search.get()
        }
    }

    private func keep(
        _ backend: OpenCLBackend, _ tuner: LinearTuner, of count: Int, _ stop: TuningStop
    ) throws {
        let done = tuner.results.count
        guard done > 0 || reset else { return printError(notReached(tuner, of: count, stop)) }
        guard backend.linearTuning.store(for: backend.context, backend.precision) else {
            throw TuningCacheError(reason: "the cache folder cannot be written")
        }
        printError("tuned: \(done) of \(count) linear layers, cached for this device")
        if tuner.comparisons.made < tuner.comparisons.planned {
            printError(notReached(tuner, of: count, stop))
        }
    }

    /// What the search left out, and why it ended.
    private func notReached(
        _ tuner: LinearTuner, of count: Int, _ stop: TuningStop
    ) -> String {
        let comparisons = tuner.comparisons
        let layers = "\(count - tuner.results.count) of \(count) linear layers"
        return "not reached before \(stop.cause): \(layers), "
            + "\(comparisons.planned - comparisons.made) of \(comparisons.planned) comparisons"
    }

    private static let columns: [OutputColumn] = [
        OutputColumn("operation", title: "Linear layer"),
        OutputColumn("engine", title: "Engine"),
        .number("median_ms", title: "Median, ms", decimals: 3),
        .number("untuned_ms", title: "Untuned", decimals: 3),
        .number("speedup", title: "Speedup"),
        .number("gflops_per_sec", title: "GFLOP/s", decimals: 0),
        .number("engines_tried", title: "Tried"),
        OutputColumn("device", audience: .machines),
    ]

    private static func row(_ tuned: TunedLayer) -> [OutputValue] {
        [
            .string(tuned.operation.label), .string("\(tuned.engine)"),
            .double(tuned.milliseconds), .double(tuned.standardMilliseconds),
            .double(tuned.standardMilliseconds / tuned.milliseconds),
            .double(2 * Double(tuned.operation.multiplyAdds) / tuned.milliseconds / 1e6),
            .int(tuned.tried),
        ]
    }
}

/// Tuning results that cannot be cached.
struct TuningCacheError: Error, CustomStringConvertible {
    let reason: String

    var description: String {
        "tuning results cannot be cached: \(reason); set XDG_CACHE_HOME to a writable folder"
    }
}

extension LinearTuning.Sizes {
    init(_ layer: LinearOperation) {
        self.init(rows: layer.rows, inputs: layer.inputs, outputs: layer.outputs)
    }
}

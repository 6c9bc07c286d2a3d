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

            Linear layers dominate a model's time. Each is timed with every engine of the device's \
            kernel style, the most expensive layers first. Results are cached for the device and \
            driver, in addition to those of earlier runs, and used by all later commands. Ctrl-C \
            keeps the results so far. Run on an otherwise idle machine.
            """)

    @Option(
        help: ArgumentHelp(
            "A model name or a JSON file; may be repeated. Default: dvt-deit-small.",
            valueName: "name|file.json"),
        completion: .list(CascadeConfiguration.names))
    var model: [String] = []

    @Option(
        help: ArgumentHelp(
            "Images per batch; may be repeated. Default: 1, 8 and 32.", valueName: "images"))
    var batchSize: [Int] = []

    @Option(
        help: ArgumentHelp(
            "Time limit; at least one layer is tuned.", valueName: "seconds"))
    var timeLimit = 120.0

    @Option(
        help: ArgumentHelp(
            "An engine to try; may be repeated. Default: all of the kernel style.",
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
        let layers = try linearLayers()
        if case .off(let reason) = DiskCache.standard {
            throw TuningCacheError(reason: reason)
        }
        let backend = try deviceOptions.makeOpenCLBackend()
        printError("device: \(backend.deviceName), \(backend.kernelStyle.rawValue) kernels")
        if reset {
            backend.linearTuning = LinearTuning()
        }
        try tune(layers, on: backend)
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

    private func tune(_ layers: [LinearOperation], on backend: OpenCLBackend) throws {
        let (start, interruption) = (ContinuousClock.now, Interruption())
        var tuner = LinearTuner(
            backend,
            engines: engine.isEmpty
                ? backend.linearEngineCandidates : engine,
            milliseconds: 40)
        let progress = ProgressReporter(
            label: "tune", unit: "linear layers", total: layers.count, isQuiet: false)
        var done = 0
        try outputOptions.withWriter(Self.columns, progress: progress) { writer in
            for layer in layers {
                let hasTime = done == 0 || ContinuousClock.now - start < .seconds(timeLimit)
                guard hasTime, !interruption.isRequested else { break }
                let tuned = try tuner.tune(layer)
                backend.linearTuning.set(tuned.engine, for: LinearTuning.Sizes(layer))
                try writer.write(Self.row(tuned) + [.string(backend.deviceName)])
                progress.advance()
                done += 1
            }
        }
        progress.finish()
        try keep(backend, done: done, of: layers.count)
    }

    private func keep(_ backend: OpenCLBackend, done: Int, of count: Int) throws {
        guard backend.linearTuning.store(for: backend.context, backend.precision) else {
            throw TuningCacheError(reason: "the cache folder cannot be written")
        }
        let rest = done < count ? "; the \(count - done) cheapest were not reached" : ""
        printError("tuned: \(done) of \(count) linear layers, cached for this device\(rest)")
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

import ArgumentParser
import DVTCore
import DVTEvaluation
import DVTModel
import DVTOpenCL
import DVTOutput
import DVTParity
import DVTSupport
import OpenCLRuntime

struct BenchModel: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model",
        abstract: "Benchmark each stage of a model, all exits, and early exits at given shares.",
        usage: "dvt bench model [<options>]",
        discussion: """
            Examples:
              dvt bench model --model dvt-deit-small
              dvt bench model --model dvt-t2t-vit-12 --batch-size 8 --exit-share 50 \\
                --exit-share 30 --exit-share 20 --format jsonl
              dvt bench model --model deit-small --compare before.json --fail-below 0.9

            A stage's time runs from the previous exit's decision to its own and includes host \
            work. "Predicted" is the cascade's time computed from the stage times.
            """)

    @OptionGroup var modelOptions: ModelOptions
    @OptionGroup var repeatOptions: RepeatOptions

    @Option(
        help: ArgumentHelp(
            "Percentage of images that take an exit; one per exit, in order.",
            discussion: "Default: 60, 25, 15 for three exits; 60, 40 for two.",
            valueName: "percent"))
    var exitShare: [Double] = []

    @OptionGroup var compareOptions: CompareOptions
    @OptionGroup var outputOptions: OutputOptions
    @OptionGroup var deviceOptions: DeviceOptions

    func validate() throws {
        let sum = exitShare.reduce(0, +)
        guard exitShare.isEmpty || (exitShare.allSatisfy { $0 >= 0 } && abs(sum - 100) < 0.01)
        else { throw ValidationError("--exit-share takes percentages that add up to 100.") }
    }

    func run() throws {
        let model = try modelOptions.load(otherwise: .synthetic(seed: 1))
        let shares = try shares(stages: model.configuration.stages.count)
        let comparison = try compareOptions.comparison(of: .model)
        let backend = try deviceOptions.makeBackend()
        try bench(model, shares: shares, comparison, on: backend)
    }

    private func shares(stages: Int) throws -> [Double]? {
        let defaults = [2: [60.0, 40], 3: [60, 25, 15]]
        guard let shares = exitShare.isEmpty ? defaults[stages] : exitShare else { return nil }
        guard shares.count == stages else {
            throw ModelError.invalidPolicy(
                reason: "\(stages) exits take \(stages) --exit-share; \(shares.count) were given")
        }
        return shares.map { $0 / 100 }
    }

    private func bench(
        _ loaded: LoadedModel, shares: [Double]?, _ comparison: Comparison?,
        on backend: some Backend
    ) throws {
        let context = (backend as? OpenCLBackend)?.context
        let model = try DynamicVisionTransformer(
            loaded.configuration, weights: loaded.weights, backend: backend)
        let benchmark = ModelBenchmark(
            model, warmUps: repeatOptions.warmup, repeats: repeatOptions.repeats,
            launchCount: context.map { context in { context.statistics.kernelsLaunched } })
        let progress = ProgressReporter(
            label: "bench", unit: "batch sizes", total: repeatOptions.batchSizes.count,
            isQuiet: false)
        let report = BenchReport(
            columns: Self.columns(CostUnit(loaded.configuration)), setting: BenchSetting(backend),
            comparison: comparison)
        var peakBytes = 0
        try report.print(outputOptions, progress: progress) { write in
            for batch in repeatOptions.batchSizes {
                // The reported memory is this batch size's own.
                backend.releaseMemory()
                context?.restartHighWater()
                let results = try benchmark.run(batch: batch, exitShares: shares)
                let statistics = context?.statistics
                peakBytes = max(peakBytes, statistics?.highWaterBytes ?? 0)
                for result in results {
                    try write(
                        Self.row(loaded.configuration.name, result, statistics), report.setting)
                }
                progress.advance()
            }
        }
        if let backend = backend as? OpenCLBackend {
            printMemory(backend, peakBytes: peakBytes)
        }
    }

    private func printMemory(_ backend: OpenCLBackend, peakBytes: Int) {
        let statistics = backend.context.statistics
        let tensors = Precision.allCases.compactMap { precision in
            backend.largestTensors[precision].map { "\(precision.rawValue) \($0 >> 10) KiB" }
        }
        printError("largest tensor: \(tensors.joined(separator: ", "))")
        printError(
            """
            peak device memory: \(peakBytes >> 20) MiB; programs: \
            \(statistics.programsCompiled) compiled in \
            \(decimalText(statistics.compileSeconds)) s, \(statistics.programsLoaded) from the cache
            """)
    }

    private static func columns(_ unit: CostUnit) -> [OutputColumn] {
        [
            OutputColumn("model", title: "Model"),
            OutputColumn("measurement", title: "Measurement"),
            .number("stage", audience: .machines),
            .number("batch_size", title: "Batch"),
        ]
            + TimeColumns(
                key: "step_time_ms", title: "Median, ms/batch", shown: ["median", "min", "p90"]
            ).columns + [
                .number("image_ms", title: "ms/image", audience: .people),
                .number("samples_per_sec", title: "Images/s", decimals: 1),
                unit.gigaColumn("gmacs", title: "\(unit.name)/image"),
                .number("gflops_per_sec", title: "GFLOP/s", decimals: 0),
                .number("predicted_ms", title: "Predicted, ms"),
                OutputColumn("stage_rows", title: "Rows"),
                .number("launches", title: "Launches"),
                .number("memory_bytes", audience: .machines),
                .number("programs_compiled", audience: .machines),
                .number("compile_seconds", audience: .machines),
                .number("programs_loaded", audience: .machines),
                .number("load_seconds", audience: .machines),
            ]
    }

    private static func row<B>(
        _ model: String, _ result: ModelBenchmark<B>.Result, _ statistics: Context.Statistics?
    ) -> [OutputValue] {
        let time = result.time
        let (measured, stage): (String, OutputValue) =
            switch result.measurement {
            case .stage(let stage): ("stage \(stage + 1)", .int(stage))
            case .allExits: ("all exits", .null)
            case .cascade: ("cascade", .null)
            case .streamed: ("streamed", .null)
            }
        let perImage = Double(result.multiplyAdds) / Double(result.batch)
        return [
            .string(model), .string(measured), stage, .int(result.batch),
        ] + time.values + [
            .double(time.median / Double(result.batch)), .double(result.imagesPerSecond),
            .double(perImage / 1e9),
            .double(2 * Double(result.multiplyAdds) / time.median / 1e6),
            .optional(result.predictedMilliseconds, OutputValue.double),
            .array(result.stageRows.map(OutputValue.int)),
            .optional(result.launches, OutputValue.int),
            .optional(statistics?.highWaterBytes, OutputValue.int),
            .optional(statistics?.programsCompiled, OutputValue.int),
            .optional(statistics?.compileSeconds, OutputValue.double),
            .optional(statistics?.programsLoaded, OutputValue.int),
            .optional(statistics?.loadSeconds, OutputValue.double),
        ]
    }
}

import ArgumentParser
import DVTCore
import DVTEvaluation
import DVTModel
import DVTOpenCL
import DVTOutput
import OpenCL

struct BenchModel: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model",
        abstract: "Time each stage of a model, all exits, and images leaving at given shares.",
        discussion: """
            Examples:
              dvt bench model --model dvt-deit-small
              dvt bench model --model dvt-t2t-vit-12 --batch-size 8 --exit-share 50 \\
                --exit-share 30 --exit-share 20 --format jsonl

            A stage runs from the decision before it to its own, so that the host's part counts. \
            `predicted` is what the stages' times give for the images that ran each.
            """)

    @OptionGroup var modelOptions: ModelOptions
    @OptionGroup var repeatOptions: RepeatOptions

    @Option(
        help: ArgumentHelp(
            "The percentage of images that leaves at an exit; one for every exit, in order.",
            discussion: "Default: 60, 25 and 15 for three exits, 60 and 40 for two.",
            valueName: "percent"))
    var exitShare: [Double] = []

    @OptionGroup var outputOptions: OutputOptions
    @OptionGroup var deviceOptions: DeviceOptions

    func validate() throws {
        let sum = exitShare.reduce(0, +)
        guard exitShare.isEmpty || (exitShare.allSatisfy { $0 >= 0 } && abs(sum - 100) < 0.01)
        else { throw ValidationError("--exit-share takes percentages that add up to 100.") }
    }

    func run() throws {
        let model = try LoadedModel(
            model: modelOptions.model, weights: modelOptions.weights,
            otherwise: .synthetic(seed: 1)
        ) { try modelOptions.reuse.applied(to: $0) }
        let shares = try shares(stages: model.configuration.stages.count)
        let backend = try deviceOptions.makeBackend()
        try bench(model, shares: shares, on: backend)
    }

    private func shares(stages: Int) throws -> [Double]? {
        let usual = [2: [60.0, 40], 3: [60, 25, 15]]
        guard let shares = exitShare.isEmpty ? usual[stages] : exitShare else { return nil }
        guard shares.count == stages else {
            throw ModelError.invalidPolicy(
                reason: "\(stages) exits take as many --exit-share, but \(shares.count) were given")
        }
        return shares.map { $0 / 100 }
    }

    private func bench(
        _ loaded: LoadedModel, shares: [Double]?, on backend: some Backend
    ) throws {
        let model = try DynamicVisionTransformer(
            loaded.configuration, weights: loaded.weights, backend: backend)
        let benchmark = ModelBenchmark(
            model, warmUps: repeatOptions.warmUps, repeats: repeatOptions.repeats)
        let progress = ProgressReporter(
            label: "bench", unit: "batch sizes", total: repeatOptions.batchSizes.count,
            isQuiet: false)
        let setting = BenchSetting(backend)
        try outputOptions.withWriter(
            Self.columns + BenchSetting.columns, progress: progress
        ) { writer in
            for batch in repeatOptions.batchSizes {
                for result in try benchmark.run(batch: batch, exitShares: shares) {
                    try writer.write(Self.row(loaded.configuration.name, result) + setting.row)
                }
                progress.advance()
            }
        }
        progress.finish()
        if let backend = backend as? OpenCLBackend {
            printMemory(of: backend)
        }
    }

    private func printMemory(of backend: OpenCLBackend) {
        let statistics = backend.context.statistics
        printError(
            """
            device memory: \(statistics.highWaterBytes >> 20) MiB at most; programs: \
            \(statistics.programsCompiled) compiled in \
            \(decimalText(statistics.compileSeconds)) s, \(statistics.programsLoaded) from the cache
            """)
    }

    private static let columns: [OutputColumn] = [
        OutputColumn("model", title: "Model"),
        OutputColumn("measurement", title: "Measured"),
        .number("stage", audience: .machines),
        .number("batch_size", title: "Batch"),
        OutputColumn("step_time_ms", audience: .machines),
        .number("median_ms", title: "Median, ms", audience: .people),
        .number("min_ms", title: "Least", audience: .people),
        .number("p90_ms", title: "p90", audience: .people),
        .number("image_ms", title: "ms an image", audience: .people),
        .number("samples_per_sec", title: "Images/s", decimals: 1),
        .number("gmacs", title: "GMACs an image", decimals: 3),
        .number("gflops_per_sec", title: "GFLOP/s", decimals: 0),
        .number("predicted_ms", title: "Predicted, ms"),
        OutputColumn("stage_rows", title: "Rows"),
    ]

    private static func row<B>(
        _ model: String, _ result: ModelBenchmark<B>.Result
    ) -> [OutputValue] {
        let time = result.time
        let (measured, stage): (String, OutputValue) =
            switch result.measurement {
            case .stage(let stage): ("stage \(stage + 1)", .int(stage))
            case .allExits: ("all exits", .null)
            case .cascade: ("cascade", .null)
            }
        let perImage = Double(result.multiplyAdds) / Double(result.batch)
        return [
            .string(model), .string(measured), stage, .int(result.batch), time.record,
            .double(time.median), .double(time.minimum), .double(time.quantile(0.9)),
            .double(time.median / Double(result.batch)), .double(result.imagesPerSecond),
            .double(perImage / 1e9),
            .double(2 * Double(result.multiplyAdds) / time.median / 1e6),
            .optional(result.predictedMilliseconds, OutputValue.double),
            .array(result.stageRows.map(OutputValue.int)),
        ]
    }
}

import ArgumentParser
import DVTAutodiff
import DVTCore
import DVTEvaluation
import DVTModel
import DVTOpenCL
import DVTOutput
import DVTParity
import DVTSupport
import DVTTraining

struct BenchTrain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Benchmark training steps: forward pass, backward pass and AdamW.",
        discussion: """
            Examples:
              dvt bench train --model cascade.json --batch-size 64
              dvt bench train --model tiny-deit --batch-size 8 --kernels --format csv

            A step is a forward and a backward pass through all exits, gradient clipping, the \
            AdamW update and the weight average. Image loading is not included: worker threads run \
            it in parallel. With `--kernels`, the device time of one step is reported per kernel \
            instead.
            """)

    @Option(
        help: ArgumentHelp("A model name or a JSON file.", valueName: "name|file.json"),
        completion: .list(ModelCard.argumentNames))
    var model: String

    @OptionGroup var reuse: ReuseOptions
    @OptionGroup var repeatOptions: RepeatOptions

    @Flag(help: "Report the device time of one step per kernel.")
    var kernels = false

    @OptionGroup var compareOptions: CompareOptions
    @OptionGroup var outputOptions: OutputOptions
    @OptionGroup var deviceOptions: DeviceOptions

    func validate() throws {
        try deviceOptions.requireRangeOfGradients(for: "training runs")
    }

    func run() throws {
        var card = try ModelCard.named(orFile: model)
        card.configuration = try reuse.applied(to: card.configuration)
        let comparison = try compareOptions.comparison(of: .training)
        if kernels {
            return try benchKernels(card, on: deviceOptions.makeOpenCLBackend())
        }
        try bench(card, comparison, on: deviceOptions.makeBackend())
    }

    private func bench(
        _ card: ModelCard, _ comparison: Comparison?, on backend: some DifferentiableBackend
    ) throws {
        let trainer = try makeTrainer(card, on: backend)
        let report = BenchReport(
            columns: Self.columns(CostUnit(card.configuration)), setting: BenchSetting(backend),
            comparison: comparison)
        let progress = ProgressReporter(
            label: "bench", unit: "batch sizes", total: repeatOptions.batchSizes.count,
            isQuiet: false)
        try report.print(outputOptions, progress: progress) { write in
            for size in repeatOptions.batchSizes {
                backend.releaseMemory()
                let batch = TrainingBatch.random(
                    for: card.configuration, count: size, seed: 1)
                let time = try timeSteps(trainer, batch)
                try write(Self.row(card.configuration, size, time), report.setting)
                progress.advance()
            }
        }
    }

    private func makeTrainer<B: DifferentiableBackend>(
        _ card: ModelCard, on backend: B
    ) throws -> Trainer<B> {
        var recipe = TrainingRecipe()
        recipe.stochasticDepth = 0
        return try Trainer(
            card, recipe: recipe, weights: RandomWeights(seed: 1), backend: backend)
    }

    private func timeSteps<B: DifferentiableBackend>(
        _ trainer: Trainer<B>, _ batch: TrainingBatch
    ) throws -> TimeStatistics {
        func step() throws -> Double {
            let start = ContinuousClock.now
            try trainer.train(batch, of: 1)
            try trainer.model.tape.finish()
            return (ContinuousClock.now - start) / .milliseconds(1)
        }
        for _ in 0..<repeatOptions.warmup { _ = try step() }
        return TimeStatistics(try (0..<repeatOptions.repeats).map { _ in try step() })
    }

    private func benchKernels(_ card: ModelCard, on backend: OpenCLBackend) throws {
        printError("device: \(backend.deviceName), \(backend.kernelStyle.rawValue) kernels")
        let trainer = try makeTrainer(card, on: backend)
        let columns: [OutputColumn] = [
            .number("batch_size", title: "Batch"), OutputColumn("kernel", title: "Kernel"),
            .number("launches", title: "Launches"), .number("ms", title: "ms", decimals: 3),
            .number("share", title: "%", decimals: 1),
        ]
        try outputOptions.withWriter(columns) { writer in
            for size in repeatOptions.batchSizes {
                let batch = TrainingBatch.random(for: card.configuration, count: size, seed: 1)
                for _ in 0..<max(repeatOptions.warmup, 1) { try trainer.train(batch, of: 1) }
                let kernels = try backend.profileKernels { try trainer.train(batch, of: 1) }
                let sum = kernels.reduce(0) { $0 + $1.milliseconds }
                for kernel in kernels {
                    try writer.write([
                        .int(size), .string(kernel.name), .int(kernel.launches),
                        .double(kernel.milliseconds),
                        .double(100 * kernel.milliseconds / max(sum, 1e-9)),
                    ])
                }
            }
        }
    }

    private static func columns(_ unit: CostUnit) -> [OutputColumn] {
        [
            OutputColumn("model", title: "Model"),
            OutputColumn("measurement", title: "Measurement"),
            .number("batch_size", title: "Batch"),
        ] + TimeColumns(key: "step_time_ms", title: "Median, ms/batch").columns + [
            .number("train_samples_per_sec", title: "Images/s", decimals: 1),
            unit.gigaColumn("gmacs", title: "\(unit.name)/image"),
            .number("gflops_per_sec", title: "GFLOP/s", decimals: 0),
        ]
    }

    private static func row(
        _ configuration: CascadeConfiguration, _ batch: Int, _ time: TimeStatistics
    ) -> [OutputValue] {
        let multiplyAdds = Double(configuration.cumulativeMultiplyAdds.last ?? 0)
        // The backward pass costs two GEMMs per forward GEMM.
        let step = 3 * 2 * multiplyAdds * Double(batch)
        return [
            .string(configuration.name), .string("step"), .int(batch),
        ] + time.values + [
            .double(Double(batch) / time.median * 1000), .double(multiplyAdds / 1e9),
            .double(step / time.median / 1e6),
        ]
    }
}

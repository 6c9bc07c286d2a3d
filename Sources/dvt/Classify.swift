import ArgumentParser
import DVTCore
import DVTModel
import DVTOutput
import DVTVision

struct Classify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Classify images, stopping each at the first exit that is confident enough.",
        discussion: """
            Examples:
              dvt classify --model dvt-deit-small --weights dvt.safetensors photos/
              dvt classify --model tiny-deit --weights synthetic:1 --exit all x.png
              dvt classify --model dvt-deit-small --weights dvt.safetensors \\
                --threshold 0.7 --threshold 0.8 --topk 5 cat.jpg dog.png
              find . -name '*.jpg' | dvt classify --model deit-small \\
                --weights deit.safetensors --format jsonl -

            A file that cannot be read is reported on standard error and the rest go on; the exit \
            code is then 1.
            """)

    @OptionGroup var modelOptions: ModelOptions

    @Option(
        help: ArgumentHelp(
            "A safetensors file, or synthetic:SEED for untrained weights.",
            valueName: "file|synthetic:seed"),
        completion: .file(extensions: ["safetensors"]))
    var weights: WeightsArgument

    // Unconditional: a negative number gets the check below, not "missing value".
    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "The confidence that lets an image leave; one for every exit but the last, in order.",
            discussion: "One alone counts for all of them; 2 lets no image leave. Default: 0.8."))
    var threshold: [Float] = []

    @Option(
        help: ArgumentHelp(
            "Let every image leave at this exit, from 1; `all`: run all, take the last.",
            valueName: "number|all"))
    var exit: ExitArgument?

    @Option(help: "The classes listed for each image.")
    var topk = 1

    @Option(help: "The images that run together.")
    var batchSize = 8

    @Option(help: "How an image becomes the model's input: default, authors or timm.")
    var preset = PreprocessingPreset.default

    @OptionGroup var outputOptions: OutputOptions
    @OptionGroup var deviceOptions: DeviceOptions

    @Argument(
        help: "Image files, folders of them, or - for paths on standard input.",
        completion: .file())
    var paths: [String]

    func validate() throws {
        guard threshold.isEmpty || exit == nil else {
            throw ValidationError("--threshold and --exit contradict each other; give one of them.")
        }
        guard threshold.allSatisfy({ $0 >= 0 && $0.isFinite }) else {
            throw ValidationError("--threshold takes a number of at least 0.")
        }
        guard topk >= 1 else {
            throw ValidationError("--topk is \(topk); it takes at least 1.")
        }
        guard (1...4096).contains(batchSize) else {
            throw ValidationError("--batch-size is \(batchSize); it takes 1...4096.")
        }
    }

    func run() throws {
        let configuration = try modelOptions.configuration
        let policy = policy(stages: configuration.stages.count)
        try policy.check(stages: configuration.stages.count)
        let source = try weights.open()
        try classify(
            configuration, weights: source, policy: policy, on: deviceOptions.makeBackend())
    }

    private func policy(stages: Int) -> ExitPolicy {
        switch exit {
        case .number(let number): return .exit(number - 1)
        case .all: return .allExits
        case nil: break
        }
        guard threshold.count > 1 || stages == 1 else {
            return .thresholds(Array(repeating: threshold.first ?? 0.8, count: stages - 1))
        }
        return .thresholds(threshold)
    }

    private func classify<B: Backend>(
        _ configuration: CascadeConfiguration, weights source: some ParameterSource,
        policy: ExitPolicy, on backend: B
    ) throws {
        let model = try DynamicVisionTransformer(configuration, weights: source, backend: backend)
        if case .synthetic(let seed) = weights {
            printError("weights: synthetic, seed \(seed): untrained, so the classes mean nothing")
        }
        let failures = FailureLog()
        let inputs = InputPaths(arguments: paths, failures: failures)
        let files = inputs.readsStandardInput ? nil : Array(inputs)
        let preprocessing = preset.preprocessing(imageSize: configuration.imageShape(batch: 1)[-1])
        let loader =
            files.map { ImageLoader(paths: $0, preprocessing: preprocessing) }
            ?? ImageLoader(paths: inputs, preprocessing: preprocessing)
        let progress = ProgressReporter(
            label: "classify", unit: "images", total: files?.count, isQuiet: false)
        failures.use(progress)
        var run = ClassifyRun(
            model: model, loader: loader, policy: policy, topK: topk, batchSize: batchSize,
            failures: failures, progress: progress, logger: deviceOptions.logger)
        try outputOptions.withWriter(
            ClassifyRecord.columns(topK: topk), progress: progress,
            table: .streaming(firstRows: batchSize)
        ) { writer in
            try run.run(writingTo: writer)
        }
        progress.finish()
        run.printSummary()
        guard !run.wasInterrupted else { throw ExitCode(130) }
        guard failures.count == 0 else { throw ExitCode.failure }
    }
}

/// The exit that all images take: a number from 1, or `all`.
enum ExitArgument: ExpressibleByArgument {
    case number(Int)
    case all

    init?(argument: String) {
        if argument.lowercased() == "all" {
            self = .all
        } else if let number = Int(argument), number >= 1 {
            self = .number(number)
        } else {
            return nil
        }
    }
}

extension PreprocessingPreset: ExpressibleByArgument {}

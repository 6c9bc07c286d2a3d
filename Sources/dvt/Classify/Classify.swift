import ArgumentParser
import DVTCore
import DVTModel
import DVTOutput
import DVTVision

struct Classify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Classify images; each image exits at the first sufficiently confident exit.",
        discussion: """
            Examples:
              dvt classify --weights dvt-deit-small.safetensors photos/
              dvt classify --model dvt-deit-small --weights dvt.pth.tar --budget 2 photos/
              dvt classify --model tiny-deit --weights synthetic:1 --exit all x.png
              dvt classify --model dvt-deit-small --weights dvt.safetensors \\
                --threshold 0.7 --threshold 0.8 --topk 5 cat.jpg dog.png
              find . -name '*.jpg' -print0 | dvt classify --model deit-small \\
                --weights deit.safetensors --format jsonl -

            Unreadable files are reported on standard error and skipped (see --on-error); the exit \
            code is then 1.
            """)

    @OptionGroup var modelOptions: ModelOptions

    @OptionGroup var exitOptions: ExitOptions

    @Option(help: ArgumentHelp("Classes listed for each image.", valueName: "k"))
    var topk = 1

    @Option(
        help: ArgumentHelp(
            "Below this probability the label is unknown, without a class.",
            valueName: "probability"))
    var minConfidence: Float = 0

    @OptionGroup var imageOptions: ImageOptions
    @OptionGroup var labelOptions: LabelOptions
    @OptionGroup var outputOptions: OutputOptions
    @OptionGroup var deviceOptions: DeviceOptions

    func validate() throws {
        guard topk >= 1 else {
            throw ValidationError("--topk is \(topk); it takes at least 1.")
        }
        guard (0...1).contains(minConfidence) else {
            throw ValidationError("--min-confidence is \(minConfidence); it takes 0...1.")
        }
    }

    func run() throws {
        let model = try modelOptions.load()
        let policy = try exitOptions.policy(of: model)
        let labels = try labelOptions.labels(of: model.card)
        try classify(model, policy: policy, labels: labels, on: deviceOptions.makeBackend())
    }

    private func classify(
        _ loaded: LoadedModel, policy: ExitPolicy, labels: ClassLabels?, on backend: some Backend
    ) throws {
        let stream = try imageOptions.stream(
            for: loaded.card, label: "classify", truncated: .use)
        let model = try DynamicVisionTransformer(
            loaded.configuration, weights: loaded.weights, backend: backend)
        loaded.warnOfUntrainedWeights()
        printError(policy.rule)
        printError("the model knows \(classesText(labels, count: loaded.configuration.classes))")
        let record = ClassifyRecord(
            labels: labels, topK: topk, policy: policy, unit: CostUnit(loaded.configuration),
            minConfidence: minConfidence,
            includesErrors: imageOptions.onError == .record)
        var run = ClassifyRun(
            model: model, stream: stream, policy: policy, record: record,
            logger: deviceOptions.logger)
        try outputOptions.withWriter(
            record.columns, progress: stream.progress,
            table: .streaming(firstRows: imageOptions.batchSize)
        ) { writer in
            try run.run(writingTo: writer)
        }
        try stream.finish(summary: run.printSummary)
    }
}

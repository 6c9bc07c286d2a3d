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
              dvt classify --weights dvt-deit-small.safetensors photos/
              dvt classify --model dvt-deit-small --weights dvt.pth.tar --budget 2 photos/
              dvt classify --model tiny-deit --weights synthetic:1 --exit all x.png
              dvt classify --model dvt-deit-small --weights dvt.safetensors \\
                --threshold 0.7 --threshold 0.8 --topk 5 cat.jpg dog.png
              find . -name '*.jpg' | dvt classify --model deit-small \\
                --weights deit.safetensors --format jsonl -

            A file that cannot be read is reported on standard error and the rest go on; the exit \
            code is then 1.
            """)

    @OptionGroup var modelOptions: ModelOptions

    @OptionGroup var thresholdOptions: ThresholdOptions

    @Option(
        help: ArgumentHelp(
            "Let every image leave at this exit, from 1; `all`: run all, take the last.",
            valueName: "number|all"))
    var exit: ExitArgument?

    @Option(help: "The classes listed for each image.")
    var topk = 1

    @OptionGroup var pictureOptions: PictureOptions
    @OptionGroup var labelOptions: LabelOptions
    @OptionGroup var outputOptions: OutputOptions
    @OptionGroup var deviceOptions: DeviceOptions

    func validate() throws {
        if exit != nil, let option = thresholdOptions.given {
            throw ValidationError("\(option) and --exit contradict each other; give one of them.")
        }
        guard topk >= 1 else {
            throw ValidationError("--topk is \(topk); it takes at least 1.")
        }
    }

    func run() throws {
        let model = try modelOptions.load()
        let policy = try policy(of: model)
        try policy.check(stages: model.configuration.stages.count)
        let labels = try labelOptions.labels(of: model.card)
        try classify(model, policy: policy, labels: labels, on: deviceOptions.makeBackend())
    }

    private func policy(of model: LoadedModel) throws -> ExitPolicy {
        switch exit {
        case .number(let number): .exit(number - 1)
        case .all: .allExits
        case nil: try thresholdOptions.policy(of: model) ?? model.card.exitPolicy
        }
    }

    private func classify(
        _ loaded: LoadedModel, policy: ExitPolicy, labels: ClassLabels?, on backend: some Backend
    ) throws {
        let stream = try pictureOptions.stream(for: loaded.card, label: "classify")
        let model = try DynamicVisionTransformer(
            loaded.configuration, weights: loaded.weights, backend: backend)
        loaded.warnOfUntrainedWeights()
        var run = ClassifyRun(
            model: model, stream: stream, policy: policy, labels: labels, topK: topk,
            logger: deviceOptions.logger)
        try outputOptions.withWriter(
            ClassifyRecord.columns(topK: topk, areLabelled: labels != nil),
            progress: stream.progress, table: .streaming(firstRows: pictureOptions.batchSize)
        ) { writer in
            try run.run(writingTo: writer)
        }
        try stream.finish(summary: run.printSummary)
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

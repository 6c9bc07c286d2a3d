import ArgumentParser
import DVTCore
import DVTEvaluation
import DVTModel
import DVTOutput
import DVTVision

struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure a model on labelled pictures: accuracy, cost and speed of every exit.",
        discussion: """
            Examples:
              dvt evaluate --weights dvt.safetensors imagenet --split val
              dvt evaluate --weights dvt.safetensors cifar-10-batches-bin --split test \\
                --calibration dvt.calibration.json --budget 1.5
              dvt evaluate --weights dvt.safetensors val/ --save-outputs outputs.safetensors

            Each batch runs through all exits, and then with early exits, so that both are \
            measured side by side; times are the device's and the host's part of a batch, decoding \
            apart. Pictures that cannot be read are listed and counted. Saved outputs are what dvt \
            calibrate chooses thresholds on; an evaluation that saves them can be interrupted and \
            gone on with by --resume, to the same result.
            """)

    @OptionGroup var modelOptions: ModelOptions
    @OptionGroup var exitOptions: ExitOptions
    @OptionGroup var dataOptions: DataSetOptions

    @Option(
        help: ArgumentHelp(
            "Save the softmax outputs of every exit here.", valueName: "file.safetensors"),
        completion: .file(extensions: ["safetensors"]))
    var saveOutputs: String?

    @Option(
        help: ArgumentHelp(
            "Save every so many-th image as the test part, for judging thresholds.",
            discussion: "2: every other image. Default: all go to the calibration part.",
            valueName: "count"))
    var holdOutEvery: Int?

    @Flag(help: "Go on with the interrupted evaluation that --save-outputs kept.")
    var resume = false

    @OptionGroup var outputOptions: OutputOptions
    @OptionGroup var deviceOptions: DeviceOptions

    func validate() throws {
        if let saveOutputs, !saveOutputs.hasSuffix(".safetensors") {
            throw ValidationError(
                "--save-outputs is \(saveOutputs); it takes a name.safetensors.")
        }
        guard saveOutputs != nil || (!resume && holdOutEvery == nil) else {
            throw ValidationError("--resume and --hold-out-every belong to --save-outputs.")
        }
        guard holdOutEvery.map({ $0 >= 2 }) ?? true else {
            throw ValidationError("--hold-out-every takes at least 2.")
        }
    }

    func run() throws {
        let model = try modelOptions.load()
        let policy = try exitOptions.policy(of: model)
        if let saveOutputs { try model.checkIsNoInput(saveOutputs) }
        let set = try dataOptions.open(for: model.card)
        let journal = try makeJournal(of: model, set)
        try evaluate(
            model, policy: policy, set, journal: journal, on: deviceOptions.makeBackend())
    }

    private func makeJournal(
        of model: LoadedModel, _ set: LabelledImages
    ) throws -> OutputsJournal? {
        try saveOutputs.map {
            try OutputsJournal(
                path: $0,
                subject: OutputsJournal.Subject(
                    model: model.configuration.name, weights: model.weightsName,
                    data: "\(set.origin)\(dataOptions.split.map { " (\($0))" } ?? "")",
                    pictures: set.count, batchSize: dataOptions.batchSize,
                    exits: model.configuration.stages.count, classes: model.configuration.classes),
                resuming: resume)
        }
    }

    private func evaluate(
        _ loaded: LoadedModel, policy: ExitPolicy, _ set: LabelledImages,
        journal: OutputsJournal?, on backend: some Backend
    ) throws {
        let model = try DynamicVisionTransformer(
            loaded.configuration, weights: loaded.weights, backend: backend)
        loaded.warnOfUntrainedWeights()
        var run = EvaluateRun(model, policy: policy)
        try journal?.forEachPart { run.restore($0, labels: $1) }
        let taken = journal?.taken ?? 0
        let stream = try dataOptions.stream(
            set, from: taken, for: loaded.card, label: "evaluate")
        try stream.forEachBatch { batch in
            let probabilities = try run.add(batch)
            try journal?.add(
                probabilities, labels: batch.labels, taken: taken + stream.takenCount)
            if dataOptions.strict, stream.failures.count > 0 { throw ExitCode.failure }
        }
        try finish(run, loaded, set, stream, journal)
    }

    private func finish<B>(
        _ run: EvaluateRun<B>, _ loaded: LoadedModel, _ set: LabelledImages,
        _ stream: PictureStream, _ journal: OutputsJournal?
    ) throws {
        stream.progress.finish()
        guard run.tally.images > 0 || stream.wasInterrupted else {
            throw EvaluationError.noImages(origin: set.origin)
        }
        if stream.wasInterrupted {
            printError(
                saveOutputs.map { "interrupted; \(shown($0)).part is kept: go on by --resume" }
                    ?? "interrupted; what follows is of \(run.tally.images) images")
        }
        let record = EvaluateRecord(
            run, loaded.card, stream, unreadable: set.count - run.tally.images)
        try outputOptions.withWriter(EvaluateRecord.columns) { writer in
            for row in record.rows { try writer.write(row) }
        }
        record.printNotes(wasInterrupted: stream.wasInterrupted)
        if stream.wasInterrupted { throw ExitCode(130) }
        if let saveOutputs, let journal {
            try journal.finish(
                exitGigaMultiplyAdds: loaded.configuration.cumulativeMultiplyAdds.map {
                    Double($0) / 1e9
                }, heldOutEvery: holdOutEvery ?? 0)
            printError("outputs: \(shown(saveOutputs))")
        }
        if dataOptions.strict, stream.failures.count > 0 { throw ExitCode.failure }
    }
}

import ArgumentParser
import DVTCore
import DVTEvaluation
import DVTModel
import DVTOutput
import DVTSupport
import DVTVision

struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure a model on labeled images: accuracy, cost and speed of every exit.",
        discussion: """
            Examples:
              dvt evaluate --weights dvt.safetensors imagenet --split val
              dvt evaluate --weights dvt.safetensors cifar-10-batches-bin --split test \\
                --calibration dvt.calibration.json --budget 1.5
              dvt evaluate --weights dvt.safetensors val/ --save-outputs outputs.safetensors
              dvt evaluate --weights dvt.safetensors val/ --report report.html

            Each batch runs through all exits, and then with early exits, so that both are \
            measured side by side; times are the device's and the host's part of a batch, decoding \
            apart. Images that cannot be read are listed and counted. Saved outputs are what dvt \
            calibrate chooses thresholds on; an evaluation that saves them can be interrupted and \
            gone on with by --resume, to the same result. --report draws all of it on one page.
            """)

    @Argument(
        help: ArgumentHelp(
            "A folder of class folders, a folder or file of CIFAR archives, or a CSV file.",
            valueName: "data"),
        completion: .directory)
    var data: String

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
            "Save one of every so many images as the test part, for judging thresholds.",
            discussion: "Default: all go to the calibration part.",
            valueName: "count"))
    var holdOutEvery: Int?

    @Flag(help: "Go on with the interrupted evaluation that --save-outputs kept.")
    var resume = false

    @Option(
        help: ArgumentHelp(
            "Draw curves, confidences, easy and hard images on this page, whole in itself.",
            valueName: "file.html"),
        completion: .file(extensions: ["html"]))
    var report: String?

    @Option(
        help: ArgumentHelp(
            "The easy images of each class on the page, and the hard ones.",
            discussion: "0 where images are not to be passed on.", valueName: "count"))
    var reportExamples = 3

    @OptionGroup var outputOptions: OutputOptions
    @OptionGroup var deviceOptions: DeviceOptions

    func validate() throws {
        if let saveOutputs, !saveOutputs.hasSuffix(".safetensors") {
            throw ValidationError(
                "--save-outputs is \(saveOutputs); it takes a name.safetensors.")
        }
        if let report, !report.lowercased().hasSuffix(".html") {
            throw ValidationError("--report is \(report); it takes a name.html.")
        }
        guard (0...100).contains(reportExamples) else {
            throw ValidationError("--report-examples is \(reportExamples); it takes 0 to 100.")
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
        let set = try dataOptions.open(data, for: model.card)
        // What cannot be written ends the run before it begins.
        let report = try makeReport(of: model, policy, set)
        let targets = Targets(journal: try makeJournal(of: model, set), report: report)
        try evaluate(model, policy: policy, set, targets, on: deviceOptions.makeBackend())
    }

    /// What an evaluation leaves behind beside what it prints.
    private struct Targets {
        let journal: OutputsJournal?
        let report: EvaluationReport?
    }

    private func makeReport(
        of model: LoadedModel, _ policy: ExitPolicy, _ set: LabeledImages
    ) throws -> EvaluationReport? {
        guard let report else { return nil }
        try model.checkIsNoInput(report)
        let stored = try exitOptions.thresholdOptions.storedPoints(of: model)
        let subject = EvaluationReport.Subject(
            set: set, labels: try ClassLabels.of(model.card) ?? set.classes,
            weights: model.weightsName,
            isUntrained: model.weights is SyntheticWeights, policy: policy,
            // Thresholds of another criterion are none of the curve that images are scored for.
            stored: stored?.points.scoring == policy.scoring ? stored : nil,
            batchSize: dataOptions.batchSize, examples: reportExamples)
        return try EvaluationReport(path: report, subject)
    }

    private func makeJournal(
        of model: LoadedModel, _ set: LabeledImages
    ) throws -> OutputsJournal? {
        try saveOutputs.map {
            try OutputsJournal(
                path: $0,
                subject: OutputsJournal.Subject(
                    model: model.configuration.name, weights: model.weightsName,
                    data: dataOptions.name(of: set),
                    images: set.count, batchSize: dataOptions.batchSize,
                    exits: model.configuration.stages.count, classes: model.configuration.classes),
                resuming: resume)
        }
    }

    private func evaluate(
        _ loaded: LoadedModel, policy: ExitPolicy, _ set: LabeledImages, _ targets: Targets,
        on backend: some Backend
    ) throws {
        let model = try DynamicVisionTransformer(
            loaded.configuration, weights: loaded.weights, backend: backend)
        loaded.warnOfUntrainedWeights()
        var run = EvaluateRun(model, policy: policy)
        let journal = targets.journal
        try journal?.forEachPart { run.restore($0, labels: $1, places: $2) }
        let taken = journal?.taken ?? 0
        let stream = try dataOptions.stream(
            set, from: taken, for: loaded.card, label: "evaluate")
        try stream.forEachBatch { batch in
            let places = batch.places.map { taken + $0 }
            let probabilities = try run.add(batch, places: places)
            try journal?.add(
                probabilities, labels: batch.labels, places: places,
                taken: taken + stream.takenCount)
            if dataOptions.strict, stream.failures.count > 0 { throw ExitCode.failure }
        }
        try finish(run, loaded, set, stream, targets)
    }

    private func finish<B>(
        _ run: EvaluateRun<B>, _ loaded: LoadedModel, _ set: LabeledImages,
        _ stream: ImageStream, _ targets: Targets
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
        // Before the records, whose reader may be gone: that ends the command.
        if !stream.wasInterrupted { try keep(record, targets) }
        try outputOptions.withWriter(EvaluateRecord.columns) { writer in
            for row in record.rows { try writer.write(row) }
        }
        record.printNotes(wasInterrupted: stream.wasInterrupted)
        if stream.wasInterrupted {
            targets.report?.tellOfInterruption()
            throw ExitCode(130)
        }
        if dataOptions.strict, stream.failures.count > 0 { throw ExitCode.failure }
    }

    private func keep(_ record: EvaluateRecord, _ targets: Targets) throws {
        if let saveOutputs, let journal = targets.journal {
            try journal.finish(
                exitGigaMultiplyAdds: record.exitCosts, heldOutEvery: holdOutEvery ?? 0)
            printError("outputs: \(shown(saveOutputs))")
        }
        try targets.report?.write(record)
    }
}

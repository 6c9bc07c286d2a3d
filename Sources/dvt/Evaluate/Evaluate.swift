import ArgumentParser
import DVTCore
import DVTEvaluation
import DVTModel
import DVTOpenCL
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
              dvt evaluate --weights dvt.safetensors val/ \\
                --save-outputs outputs.safetensors
              dvt evaluate --weights dvt.safetensors val/ --report report.html \\
                --predictions predictions.csv

            Each batch runs twice, through all exits and with early exits, so both are measured \
            under the same conditions. Times exclude image decoding. Unreadable images are listed \
            and counted. `dvt calibrate --from` chooses thresholds on saved outputs; an \
            interrupted evaluation that saves them continues with --resume and gives the same \
            result. --report writes plots and tables to one HTML page; --predictions, --confusions \
            and --per-class write data, after Ctrl-C those of the images evaluated so far.
            """)

    @Argument(
        help: ArgumentHelp(
            "A folder of class folders, CIFAR archives (a folder or a file), or a list (.csv, .txt).",
            valueName: "data"),
        completion: .directory)
    var data: String

    @OptionGroup var modelOptions: ModelOptions
    @OptionGroup var exitOptions: ExitOptions
    @OptionGroup var dataOptions: DataSetOptions

    @Option(
        help: ArgumentHelp(
            "Save the softmax outputs of every exit to this file.", valueName: "file.safetensors"),
        completion: .file(extensions: ["safetensors"]))
    var saveOutputs: String?

    @Option(
        help: ArgumentHelp(
            "Save every nth image as the held-out test part.",
            discussion: "Default: all images go to the calibration part.",
            valueName: "n"))
    var holdOutEvery: Int?

    @Flag(help: "Resume the interrupted evaluation saved by --save-outputs.")
    var resume = false

    @Option(
        help: ArgumentHelp(
            "Write a self-contained HTML report: curves, confidences, confusions, images.",
            valueName: "file.html"),
        completion: .file(extensions: ["html"]))
    var report: String?

    @Option(
        help: ArgumentHelp(
            "Images per class in the report, at most this many of the most and least confident.",
            discussion: """
                The most confident mistakes are four times as many. 0: no images, for reports that \
                will be shared.
                """, valueName: "count"))
    var reportExamples = 3

    @OptionGroup var fileOptions: ResultFileOptions
    @OptionGroup var outputOptions: OutputOptions
    @OptionGroup var deviceOptions: DeviceOptions

    func validate() throws {
        if let saveOutputs, !saveOutputs.hasSuffix(".safetensors") {
            throw ValidationError(
                "--save-outputs is \(saveOutputs); it must end in .safetensors.")
        }
        if let report, !report.lowercased().hasSuffix(".html") {
            throw ValidationError("--report is \(report); it must end in .html.")
        }
        guard (0...100).contains(reportExamples) else {
            throw ValidationError("--report-examples is \(reportExamples); it takes 0 to 100.")
        }
        guard saveOutputs != nil || (!resume && holdOutEvery == nil) else {
            throw ValidationError("--resume and --hold-out-every require --save-outputs.")
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
        // An output that cannot be written fails before the model runs.
        let report = try makeReport(of: model, policy, set)
        let files = try fileOptions.files(besides: model, data: data)
        let targets = Targets(
            journal: try makeJournal(of: model, set), report: report, files: files)
        try evaluate(model, policy: policy, set, targets, on: deviceOptions.makeBackend())
    }

    /// The optional output files.
    private struct Targets {
        let journal: OutputsJournal?
        let report: EvaluationReport?
        let files: ResultFiles
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
            // Thresholds of another criterion do not apply to this curve's scores.
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
                    exits: model.configuration.stages.count, classes: model.configuration.classes,
                    precision: deviceOptions.precision.rawValue,
                    preprocessing: dataOptions.preprocessingOptions.preprocessing(
                        of: model.card
                    ).json),
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
        stream.finishProgress()
        guard run.tally.images > 0 || stream.wasInterrupted else {
            throw EvaluationError.noImages(origin: set.origin)
        }
        if stream.wasInterrupted {
            printError(
                saveOutputs.map { "interrupted; \(shown($0)).part is kept: continue with --resume" }
                    ?? "interrupted; the results cover \(run.tally.images) images")
        }
        let record = EvaluateRecord(
            run, loaded.card, stream, unreadable: set.count - run.tally.images)
        let labels = try ClassLabels.of(loaded.card) ?? set.classes
        // Before the records: a closed output pipe ends the command.
        try targets.files.write(record, set, labels)
        if !stream.wasInterrupted { try keep(record, targets) }
        try outputOptions.withWriter(record.columns) { writer in
            for row in record.rows { try writer.write(row) }
        }
        record.printNotes(labels, wasInterrupted: stream.wasInterrupted)
        if stream.wasInterrupted {
            targets.report?.reportInterruption()
            throw stream.interruptionCode ?? .failure
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

import DVTAutodiff
import DVTCore
import DVTModel
import DVTOutput
import DVTSupport
import DVTTraining
import DVTVision

/// Runs the remaining epochs and writes the run's files.
struct TrainRun<B: DifferentiableBackend> {
    private let trainer: Trainer<B>
    private var input: TrainingInput
    private var validation: TrainingInput?
    private let precision: String
    private let folder: RunFolder
    private let interruption: Interruption
    private var log: TrainingLog
    private var lastSave = ContinuousClock.now

    /// The maximum time between checkpoints within an epoch.
    private static var saveInterval: Duration { .seconds(300) }

    init(
        _ trainer: Trainer<B>, on input: TrainingInput, validation: TrainingInput?,
        in folder: RunFolder, precision: String, interruption: Interruption
    ) throws {
        self.trainer = trainer
        self.input = input
        self.validation = validation
        self.folder = folder
        self.precision = precision
        self.interruption = interruption
        log = try TrainingLog(folder, epochs: trainer.position.epoch)
    }

    /// Trains until the end of the recipe or an interruption.
    ///
    /// - Parameter report: receives the record of every epoch.
    /// - Returns: whether the end was reached.
    /// - Throws: ``TrainingError`` if the run cannot continue, or the device's or a file's error.
    mutating func run(report: (EpochRecord) throws -> Void) throws -> Bool {
        // The run can be resumed from the start.
        if !folder.hasRun { try save() }
        try writeCurve(.running)
        do {
            let isDone = try storeFeatures() && runEpochs(report: report)
            try writeCurve(isDone ? .done : .interrupted)
            return isDone
        } catch {
            // The original error takes precedence over a failed page.
            try? writeCurve(.failed)
            throw error
        }
    }

    /// Computes the features of all images if only heads are trained; false if interrupted.
    private mutating func storeFeatures() throws -> Bool {
        guard trainer.model.trainsHeadsOnly, !isOver else { return true }
        let extraction = FeatureExtraction(
            trainer: trainer, folder: folder, precision: precision, interruption: interruption)
        guard let training = try extraction.training(input) else { return false }
        input = training
        guard let validation else { return true }
        self.validation = try extraction.features(of: validation, as: "validation")
        return self.validation != nil
    }

    private mutating func runEpochs(report: (EpochRecord) throws -> Void) throws -> Bool {
        while !isOver || trainer.position.batch > 0 {
            guard try runBatches(), let record = try measure() else {
                try save()
                return false
            }
            _ = trainer.finishEpoch()
            try log.add(record)
            try trainer.saveWeights(to: folder.weights)
            // Last: if the run is killed before this, it resumes within the epoch and writes the
            // other files again.
            try save()
            try writeCurve(.running)
            try report(record)
            if record.percent < 100 {
                printError(
                    """
                    note: the run ended within epoch \(record.epoch + 1), after \
                    \(decimalText(record.percent, decimals: 1)) % of its batches
                    """)
            }
        }
        return true
    }

    private var progress: Double { trainer.progress(batches: input.batchCount) }

    /// Whether the epochs or the time limit are reached, the latter possibly within an epoch.
    private var isOver: Bool { progress >= 1 }

    /// The record of the epoch, or nil if interrupted.
    private func measure() throws -> EpochRecord? {
        var tally: TrainingTally?
        if let validation {
            tally = try trainer.validate(validation) { interruption.isRequested }
            guard tally != nil else { return nil }
        }
        let position = trainer.position
        return EpochRecord(
            epoch: position.epoch,
            percent: 100 * min(1, Double(position.batch) / Double(max(input.batchCount, 1))),
            step: position.step,
            learningRate: trainer.recipe.schedule.rate(at: progress),
            training: EpochRecord.Measures(position.tally),
            validation: tally.map(EpochRecord.Measures.init), seconds: position.seconds,
            imagesPerSecond: Double(position.tally.images)
                / max(position.seconds - log.seconds, 1e-9),
            deviceName: trainer.model.tape.base.deviceName)
    }

    private func writeCurve(_ state: TrainingPage.State) throws {
        let page = TrainingPage(
            model: trainer.card.configuration.name, recipe: trainer.recipe, epochs: log.epochs,
            state: state)
        try replaceFile(folder.curve, with: page.source)
    }

    /// Trains the remaining batches of the epoch; false if interrupted.
    private mutating func runBatches() throws -> Bool {
        let batches = input.batches(
            epoch: trainer.position.epoch, from: trainer.position.batch)
        let of = trainer.recipe.epochs.map { "/\($0)" } ?? ""
        let done = 100 * trainer.position.batch / max(input.batchCount, 1)
        let from = trainer.position.batch > 0 ? " from \(done)%" : ""
        let progress = ProgressReporter(
            label: "epoch \(trainer.position.epoch + 1)\(of)\(from)", unit: "images",
            total: (input.batchCount - trainer.position.batch) * input.options.batchSize,
            isQuiet: false)
        defer { progress.finish() }
        while !isOver || trainer.isBetweenSteps, let batch = try batches.next() {
            do {
                try trainer.train(batch, of: input.batchCount)
            } catch TrainingError.notFinite(let what, let value, let step) {
                throw TrainingError.stopped(
                    what, value: value, step: step,
                    checkpoint: folder.hasRun ? folder.checkpoint : nil)
            }
            progress.advance(by: batch.labels.count)
            guard !trainer.isBetweenSteps else { continue }
            if interruption.isRequested { return false }
            if ContinuousClock.now - lastSave > Self.saveInterval { try save() }
        }
        warn(of: batches.skipped, inTotal: "images in total could not be read")
        warn(of: batches.incomplete, inTotal: "images in total end early")
        return true
    }

    private func warn(of problems: [some CustomStringConvertible], inTotal: String) {
        for problem in problems.prefix(10) { printError("warning: \(problem)") }
        if problems.count > 10 { printError("warning: \(problems.count) \(inTotal)") }
    }

    private mutating func save() throws {
        try trainer.save(to: folder.checkpoint)
        lastSave = .now
    }
}

import DVTAutodiff
import DVTCore
import DVTModel
import DVTOutput
import DVTSupport
import DVTTraining
import DVTVision

/// A run from where it stands to its end, with its files.
struct TrainRun<B: DifferentiableBackend> {
    private let trainer: Trainer<B>
    private let input: TrainingInput
    private let validation: TrainingInput?
    private let folder: RunFolder
    private let interruption: Interruption
    private var log: TrainingLog
    private var lastSave = ContinuousClock.now

    /// The time between two checkpoints within an epoch, at most.
    private static var saveInterval: Duration { .seconds(300) }

    init(
        _ trainer: Trainer<B>, on input: TrainingInput, validation: TrainingInput?,
        in folder: RunFolder, interruption: Interruption
    ) throws {
        self.trainer = trainer
        self.input = input
        self.validation = validation
        self.folder = folder
        self.interruption = interruption
        log = try TrainingLog(folder, epochs: trainer.position.epoch)
    }

    /// Trains until the recipe's end, or until it is interrupted.
    ///
    /// - Parameter report: told what every epoch came to.
    /// - Returns: whether the end was reached.
    /// - Throws: ``TrainingError`` if the run cannot go on, or the device's or a file's error.
    mutating func run(report: (EpochRecord) throws -> Void) throws -> Bool {
        // So that it can be gone on with from its first moment on.
        if !folder.hasRun { try save() }
        try writeCurve(.running)
        do {
            let isDone = try runEpochs(report: report)
            try writeCurve(isDone ? .done : .interrupted)
            return isDone
        } catch {
            // What ended the run is what has to be told, not that the page cannot say so.
            try? writeCurve(.failed)
            throw error
        }
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
            // Last: a run that is killed before it goes on before the epoch's end, and writes the
            // others again.
            try save()
            try writeCurve(.running)
            try report(record)
        }
        return true
    }

    private var progress: Double { trainer.progress(batches: input.batchCount) }

    /// Whether epochs or time are used up; the latter may be in the middle of an epoch.
    private var isOver: Bool { progress >= 1 }

    /// What the epoch came to, or nil if it was interrupted.
    private func measure() throws -> EpochRecord? {
        var tally: TrainingTally?
        if let validation {
            tally = try trainer.validate(validation) { interruption.isRequested }
            guard tally != nil else { return nil }
        }
        let position = trainer.position
        return EpochRecord(
            epoch: position.epoch, step: position.step,
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

    /// The rest of an epoch's batches; false if it was interrupted.
    private mutating func runBatches() throws -> Bool {
        let batches = input.batches(
            epoch: trainer.position.epoch, from: trainer.position.batch)
        let of = trainer.recipe.epochs.map { "/\($0)" } ?? ""
        let progress = ProgressReporter(
            label: "epoch \(trainer.position.epoch + 1)\(of)", unit: "images",
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
        for problem in batches.skipped.prefix(10) { printError("warning: \(problem)") }
        if batches.skipped.count > 10 {
            printError("warning: \(batches.skipped.count) images could not be read in all")
        }
        return true
    }

    private mutating func save() throws {
        try trainer.save(to: folder.checkpoint)
        lastSave = .now
    }
}

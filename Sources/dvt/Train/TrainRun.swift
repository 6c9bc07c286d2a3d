import DVTCore
import DVTModel
import DVTOutput
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
        while trainer.progress(batches: input.batchCount) < 1 {
            guard try runEpoch() else {
                try save()
                return false
            }
            let (epoch, rate) = (trainer.position.epoch, learningRate)
            let (images, seconds) = (trainer.position.tally.images, trainer.position.seconds)
            let tally = trainer.finishEpoch()
            let validated = try validation.flatMap {
                try trainer.validate($0) { interruption.isRequested }
            }
            let record = EpochRecord(
                epoch: epoch, step: trainer.position.step, learningRate: rate, training: tally,
                validation: validated, seconds: seconds,
                imagesPerSecond: Double(images) / max(seconds - log.seconds, 1e-9),
                deviceName: trainer.model.tape.base.deviceName)
            try save()
            try trainer.saveWeights(to: folder.weights)
            try log.add(record)
            try report(record)
        }
        return true
    }

    private var learningRate: Double {
        trainer.recipe.schedule.rate(at: trainer.progress(batches: input.batchCount))
    }

    /// The rest of an epoch; false if it was interrupted.
    private mutating func runEpoch() throws -> Bool {
        let batches = input.batches(
            epoch: trainer.position.epoch, from: trainer.position.batch)
        let of = trainer.recipe.epochs.map { "/\($0)" } ?? ""
        let progress = ProgressReporter(
            label: "epoch \(trainer.position.epoch + 1)\(of)", unit: "images",
            total: (input.batchCount - trainer.position.batch) * input.options.batchSize,
            isQuiet: false)
        defer { progress.finish() }
        while let batch = try batches.next() {
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
            printError("warning: \(batches.skipped.count) pictures could not be read in all")
        }
        return true
    }

    private mutating func save() throws {
        try trainer.save(to: folder.checkpoint)
        lastSave = .now
    }
}

import ArgumentParser
import DVTCore
import DVTOutput
import DVTVision

/// A batch of images.
struct ImageBatch {
    /// The images, and the inputs between them that could not be read and have a record.
    fileprivate(set) var inputs: [Input] = []
    /// Indices in the list of images, which includes unreadable ones.
    fileprivate(set) var places: [Int] = []
    /// Class indices of a labeled data set, otherwise empty.
    fileprivate(set) var labels: [Int] = []
    fileprivate var values: [Float] = []
    fileprivate let shape: Shape

    /// One input of a batch.
    struct Input {
        let path: String
        /// Why it is no image, or nil.
        let error: ImageError?
    }

    /// The number of images.
    var count: Int { places.count }
    /// The images, `[B, 3, S, S]`, normalized; there must be one.
    var images: Tensor { Tensor(shape.withBatch(count), values: values) }
}

/// Batches of decoded images with progress output, until the end of the list or a signal.
final class ImageStream {
    let progress: ProgressReporter
    /// The unreadable images.
    let failures: FailureLog
    /// The number of listed images consumed so far, including unreadable ones.
    private(set) var takenCount = 0
    /// The exit code after a signal, or nil.
    private(set) var interruptionCode: ExitCode?
    let preprocessing: Preprocessing
    private let loader: ImageLoader
    let batchSize: Int
    private let isInteractive: Bool
    private let errorRule: ErrorRule
    private let skipped: SkippedLog
    private var hasStopped = false

    /// Creates a stream.
    ///
    /// - Parameters:
    ///   - loader: the source of decoded images.
    ///   - preprocessing: the loader's preprocessing.
    ///   - batchSize: the maximum number of images per batch.
    ///   - isInteractive: whether paths arrive one by one, so that partial batches must run.
    ///   - errorRule: what happens to unreadable images.
    ///   - skipped: the files of folders that are no images.
    ///   - failures: receives the unreadable images.
    ///   - progress: receives the number of processed images.
    init(
        loader: ImageLoader, preprocessing: Preprocessing, batchSize: Int,
        isInteractive: Bool = false, errorRule: ErrorRule = .skip, skipped: SkippedLog,
        failures: FailureLog, progress: ProgressReporter
    ) {
        self.loader = loader
        self.preprocessing = preprocessing
        self.batchSize = batchSize
        self.isInteractive = isInteractive
        self.errorRule = errorRule
        self.skipped = skipped
        self.failures = failures
        self.progress = progress
    }

    /// Whether the stream ended by a signal.
    var wasInterrupted: Bool { interruptionCode != nil }

    /// Processes all images, up to a signal.
    ///
    /// - Parameters:
    ///   - body: receives one batch; it has no images where errors have records and all of its
    ///     inputs are errors.
    ///   - whenIdle: called before waiting for more paths, to flush pending results.
    /// - Throws: the error of `body` or `whenIdle`.
    func forEachBatch(
        _ body: (ImageBatch) throws -> Void, whenIdle: () throws -> Void = {}
    ) throws {
        // The signal also ends a wait for the next path.
        let interruption = Interruption { [loader] in loader.close() }
        while !hasStopped, let batch = try nextBatch(whenIdle: whenIdle),
            !interruption.isRequested
        {
            try body(batch)
            progress.advance(by: batch.count)
        }
        interruptionCode = interruption.exitCode
    }

    /// Ends the progress output and prints which files were skipped.
    func finishProgress() {
        progress.finish()
        skipped.printSummary()
    }

    /// Ends the output on standard error.
    ///
    /// - Parameter summary: called before the exit code is thrown.
    /// - Throws: the exit code after a signal or if an image could not be read.
    func finish(summary: () -> Void = {}) throws {
        finishProgress()
        summary()
        if let interruptionCode { throw interruptionCode }
        guard failures.count == 0 else { throw ExitCode.failure }
    }

    /// The next images, at most a batch, or as many as have been listed so far, and with
    /// ``ErrorRule/record`` the errors between them; nil at the end.
    private func nextBatch(whenIdle: () throws -> Void) throws -> ImageBatch? {
        var batch = ImageBatch(shape: preprocessing.shape)
        while batch.count < batchSize, batch.inputs.count < 16 * batchSize, !hasStopped {
            if isInteractive, loader.isWaitingForPaths {
                guard batch.inputs.isEmpty else { break }
                try whenIdle()
            }
            guard let image = loader.next() else { break }
            add(image, to: &batch)
            takenCount += 1
        }
        return batch.inputs.isEmpty ? nil : batch
    }

    private func add(_ image: LoadedImage, to batch: inout ImageBatch) {
        switch image.result {
        case .success(let pixels):
            if let incomplete = image.incomplete { failures.warn(incomplete.description) }
            batch.inputs.append(ImageBatch.Input(path: image.path, error: nil))
            batch.places.append(takenCount)
            image.label.map { batch.labels.append($0) }
            batch.values += pixels
        case .failure(let error):
            failures.report(error.description)
            progress.advance()
            hasStopped = errorRule == .stop
            guard errorRule == .record else { return }
            batch.inputs.append(ImageBatch.Input(path: image.path, error: error))
        }
    }
}

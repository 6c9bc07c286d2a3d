import ArgumentParser
import DVTCore
import DVTOutput
import DVTVision

/// A batch of images.
struct ImageBatch {
    let paths: [String]
    /// Indices in the list of images, which includes unreadable ones.
    let places: [Int]
    /// Class indices of a labeled data set, otherwise empty.
    let labels: [Int]
    /// `[B, 3, S, S]`, normalized.
    let images: Tensor
}

/// Batches of decoded images with progress output, until the end of the list or Ctrl-C.
final class ImageStream {
    let progress: ProgressReporter
    /// The unreadable images.
    let failures: FailureLog
    /// The number of listed images consumed so far, including unreadable ones.
    private(set) var takenCount = 0
    /// Whether the stream ended by Ctrl-C.
    private(set) var wasInterrupted = false
    let preprocessing: Preprocessing
    private let loader: ImageLoader
    let batchSize: Int
    private let isInteractive: Bool

    /// Creates a stream.
    ///
    /// - Parameters:
    ///   - loader: the source of decoded images.
    ///   - preprocessing: the loader's preprocessing.
    ///   - batchSize: the maximum number of images per batch.
    ///   - isInteractive: whether paths arrive one by one, so that partial batches must run.
    ///   - failures: receives the unreadable images.
    ///   - progress: receives the number of processed images.
    init(
        loader: ImageLoader, preprocessing: Preprocessing, batchSize: Int, isInteractive: Bool,
        failures: FailureLog, progress: ProgressReporter
    ) {
        self.loader = loader
        self.preprocessing = preprocessing
        self.batchSize = batchSize
        self.isInteractive = isInteractive
        self.failures = failures
        self.progress = progress
    }

    /// Processes all images, up to Ctrl-C.
    ///
    /// - Parameters:
    ///   - body: receives one batch.
    ///   - whenIdle: called before waiting for more paths, to flush pending results.
    /// - Throws: the error of `body` or `whenIdle`.
    func forEachBatch(
        _ body: (ImageBatch) throws -> Void, whenIdle: () throws -> Void = {}
    ) throws {
        let interruption = Interruption()
        while let batch = try nextBatch(whenIdle: whenIdle) {
            try body(batch)
            progress.advance(by: batch.paths.count)
            if interruption.isRequested {
                wasInterrupted = true
                return
            }
        }
    }

    /// Ends the progress output.
    ///
    /// - Parameter summary: called before the exit code is thrown.
    /// - Throws: the exit code after Ctrl-C or if an image could not be read.
    func finish(summary: () -> Void = {}) throws {
        progress.finish()
        summary()
        guard !wasInterrupted else { throw ExitCode(130) }
        guard failures.count == 0 else { throw ExitCode.failure }
    }

    /// The next readable images, at most a batch, or as many as have been listed so far; nil at the
    /// end.
    private func nextBatch(whenIdle: () throws -> Void) throws -> ImageBatch? {
        var paths: [String] = []
        var places: [Int] = []
        var labels: [Int] = []
        var values: [Float] = []
        while paths.count < batchSize {
            if isInteractive, loader.isWaitingForPaths {
                guard paths.isEmpty else { break }
                try whenIdle()
            }
            guard let image = loader.next() else { break }
            defer { takenCount += 1 }
            switch image.result {
            case .success(let pixels):
                paths.append(image.path)
                places.append(takenCount)
                image.label.map { labels.append($0) }
                values += pixels
            case .failure(let error):
                failures.report(error.description)
                progress.advance()
            }
        }
        guard !paths.isEmpty else { return nil }
        let shape = preprocessing.shape.withBatch(paths.count)
        return ImageBatch(
            paths: paths, places: places, labels: labels, images: Tensor(shape, values: values))
    }
}

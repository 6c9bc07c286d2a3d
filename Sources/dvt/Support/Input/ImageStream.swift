import ArgumentParser
import DVTCore
import DVTOutput
import DVTVision

/// Images that run together.
struct ImageBatch {
    /// The files.
    let paths: [String]
    /// Their places among the listed images, unreadable ones included.
    let places: [Int]
    /// Their classes, from 0, where a set of labeled images says them; else empty.
    let labels: [Int]
    /// `[B, 3, S, S]`, normalized.
    let images: Tensor
}

/// Images in batches as they are decoded, with progress, until the end or Ctrl-C.
final class ImageStream {
    /// What stands on the terminal's last line.
    let progress: ProgressReporter
    /// The images that could not be read.
    let failures: FailureLog
    /// How many of the listed images the batches so far have taken, unreadable ones included.
    private(set) var takenCount = 0
    /// Whether Ctrl-C ended it.
    private(set) var wasInterrupted = false
    /// How they are made of images.
    let preprocessing: Preprocessing
    private let loader: ImageLoader
    /// The images of a full batch.
    let batchSize: Int
    private let answersAtOnce: Bool

    /// Creates a stream.
    ///
    /// - Parameters:
    ///   - loader: gives the images.
    ///   - preprocessing: how it makes them.
    ///   - batchSize: the images of a full batch.
    ///   - answersAtOnce: whether somebody may be waiting who names images one by one.
    ///   - failures: told which images could not be read.
    ///   - progress: told how many are through.
    init(
        loader: ImageLoader, preprocessing: Preprocessing, batchSize: Int, answersAtOnce: Bool,
        failures: FailureLog, progress: ProgressReporter
    ) {
        self.loader = loader
        self.preprocessing = preprocessing
        self.batchSize = batchSize
        self.answersAtOnce = answersAtOnce
        self.failures = failures
        self.progress = progress
    }

    /// Goes through all images, or those before Ctrl-C.
    ///
    /// - Parameters:
    ///   - body: takes one batch.
    ///   - whenIdle: called before more paths are waited for: who names them may want to see what
    ///     is still held back.
    /// - Throws: what `body` or `whenIdle` throws.
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

    /// Ends the progress.
    ///
    /// - Parameter summary: told before the command ends with a code.
    /// - Throws: the exit code, if Ctrl-C ended it or an image could not be read.
    func finish(summary: () -> Void = {}) throws {
        progress.finish()
        summary()
        guard !wasInterrupted else { throw ExitCode(130) }
        guard failures.count == 0 else { throw ExitCode.failure }
    }

    /// The next images that can be read, as many as a batch holds, or as have been named; nil at
    /// the end.
    private func nextBatch(whenIdle: () throws -> Void) throws -> ImageBatch? {
        var paths: [String] = []
        var places: [Int] = []
        var labels: [Int] = []
        var values: [Float] = []
        while paths.count < batchSize {
            if answersAtOnce, loader.isWaitingForPaths {
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

import ArgumentParser
import DVTCore
import DVTOutput
import DVTVision

/// Images that run together.
struct PictureBatch {
    /// The files.
    let paths: [String]
    /// `[B, 3, S, S]`, normalised.
    let images: Tensor
}

/// Images in batches as they are decoded, with progress, until the end or Ctrl-C.
final class PictureStream {
    /// What stands on the terminal's last line.
    let progress: ProgressReporter
    /// The images that could not be read.
    let failures: FailureLog
    /// Whether Ctrl-C ended it.
    private(set) var wasInterrupted = false
    private let loader: ImageLoader
    private let preprocessing: Preprocessing
    private let batchSize: Int

    init(
        loader: ImageLoader, preprocessing: Preprocessing, batchSize: Int, failures: FailureLog,
        progress: ProgressReporter
    ) {
        self.loader = loader
        self.preprocessing = preprocessing
        self.batchSize = batchSize
        self.failures = failures
        self.progress = progress
    }

    /// Goes through all images, or those before Ctrl-C.
    ///
    /// - Parameter body: takes one batch.
    /// - Throws: what `body` throws.
    func forEachBatch(_ body: (PictureBatch) throws -> Void) throws {
        let interruption = Interruption()
        while let batch = nextBatch() {
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

    /// The next images that can be read, as many as a batch holds; nil at the end.
    private func nextBatch() -> PictureBatch? {
        var paths: [String] = []
        var values: [Float] = []
        while paths.count < batchSize, let image = loader.next() {
            switch image.result {
            case .success(let pixels):
                paths.append(image.path)
                values += pixels
            case .failure(let error):
                failures.report(error.description)
                progress.advance()
            }
        }
        guard !paths.isEmpty else { return nil }
        let shape = preprocessing.shape.withBatch(paths.count)
        return PictureBatch(paths: paths, images: Tensor(shape, values: values))
    }
}

import DVTCore
import DVTModel
import DVTOpenCL
import DVTOutput
import DVTVision
import Logging
import OpenCL

/// Images streaming through a cascade, batch by batch.
struct ClassifyRun<B: Backend> {
    let model: DynamicVisionTransformer<B>
    let loader: ImageLoader
    let policy: ExitPolicy
    let topK: Int
    let batchSize: Int
    let failures: FailureLog
    let progress: ProgressReporter
    let logger: Logger
    private(set) var wasInterrupted = false
    private var exitCounts: [Int: Int] = [:]
    private var multiplyAdds = 0
    private var imageCount = 0

    init(
        model: DynamicVisionTransformer<B>, loader: ImageLoader, policy: ExitPolicy, topK: Int,
        batchSize: Int, failures: FailureLog, progress: ProgressReporter, logger: Logger
    ) {
        self.model = model
        self.loader = loader
        self.policy = policy
        self.topK = topK
        self.batchSize = batchSize
        self.failures = failures
        self.progress = progress
        self.logger = logger
    }

    /// Classifies everything that the loader gives.
    ///
    /// - Parameter writer: takes one record an image, in the images' order.
    /// - Throws: the model's, the backend's or the output's error.
    mutating func run(writingTo writer: RecordWriter) throws {
        let interruption = Interruption()
        while let batch = nextBatch() {
            let start = ContinuousClock.now
            let result = try model.classify(batch.images, policy: policy, topK: topK)
            note(result, time: ContinuousClock.now - start)
            for (path, prediction) in zip(batch.paths, result.predictions) {
                try writer.write(ClassifyRecord.row(path, prediction, topK: topK))
            }
            progress.advance(by: batch.paths.count)
            if interruption.isRequested {
                wasInterrupted = true
                return
            }
        }
    }

    /// The next images that can be read, as many as a batch holds; nil at the end.
    private func nextBatch() -> (paths: [String], images: Tensor)? {
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
        let shape = model.configuration.imageShape(batch: paths.count)
        return (paths, Tensor(shape, values: values))
    }

    private mutating func note(_ result: CascadeResult, time: Duration) {
        for prediction in result.predictions {
            exitCounts[prediction.exit, default: 0] += 1
            multiplyAdds += prediction.multiplyAdds
        }
        imageCount += result.predictions.count
        guard logger.logLevel <= .debug else { return }
        let rows = result.stageRows.map(String.init).joined(separator: ", ")
        let seconds = decimalText(time / .seconds(1))
        progress.whileCleared {
            logger.debug("batch: rows per stage \(rows); \(seconds) s")
        }
    }

    /// Says on standard error how many images left where, and what they cost.
    func printSummary() {
        printError(
            "\(imageCount) image\(imageCount == 1 ? "" : "s")"
                + (imageCount > 0 ? "; \(exitsText); \(costText)" : "")
                + (failures.count > 0 ? "; \(failures.count) could not be read" : "")
                + (wasInterrupted ? "; interrupted" : ""))
        if let backend = model.backend as? OpenCLBackend {
            log(backend.context.statistics)
        }
    }

    private var exitsText: String {
        model.configuration.stages.indices.map { exit in
            "exit \(exit + 1): \(exitCounts[exit] ?? 0)"
        }.joined(separator: ", ")
    }

    private var costText: String {
        let most = Double(model.configuration.cumulativeMultiplyAdds.last ?? 0)
        let mean = Double(multiplyAdds) / Double(imageCount)
        return "mean \(decimalText(mean / 1e9)) of \(decimalText(most / 1e9)) GMACs an image"
    }

    private func log(_ statistics: Context.Statistics) {
        logger.debug(
            """
            programs: \(statistics.programsCompiled) compiled in \
            \(decimalText(statistics.compileSeconds)) s, \(statistics.programsLoaded) from the \
            cache; buffers: \(statistics.buffersCreated) created, \
            \(statistics.highWaterBytes >> 20) MiB at most; kernels: \(statistics.kernelsLaunched)
            """)
    }
}

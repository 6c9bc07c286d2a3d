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
    let stream: PictureStream
    let policy: ExitPolicy
    let labels: ClassLabels?
    let topK: Int
    let logger: Logger
    private var exitCounts: [Int: Int] = [:]
    private var multiplyAdds = 0
    private var imageCount = 0

    init(
        model: DynamicVisionTransformer<B>, stream: PictureStream, policy: ExitPolicy,
        labels: ClassLabels?, topK: Int, logger: Logger
    ) {
        self.model = model
        self.stream = stream
        self.policy = policy
        self.labels = labels
        self.topK = topK
        self.logger = logger
    }

    /// Classifies everything that the stream gives.
    ///
    /// - Parameter writer: takes one record an image, in the images' order.
    /// - Throws: the model's, the backend's or the output's error.
    mutating func run(writingTo writer: RecordWriter) throws {
        try stream.forEachBatch { batch in
            let start = ContinuousClock.now
            let result = try model.classify(batch.images, policy: policy, topK: topK)
            note(result, time: ContinuousClock.now - start)
            for (path, prediction) in zip(batch.paths, result.predictions) {
                try writer.write(ClassifyRecord.row(path, prediction, labels, topK: topK))
            }
        }
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
        stream.progress.whileCleared {
            logger.debug("batch: rows per stage \(rows); \(seconds) s")
        }
    }

    /// Says on standard error how many images left where, and what they cost.
    func printSummary() {
        printError(
            "\(imageCount) image\(imageCount == 1 ? "" : "s")"
                + (imageCount > 0 ? "; \(exitsText); \(costText)" : "")
                + (stream.failures.count > 0 ? "; \(stream.failures.count) could not be read" : "")
                + (stream.wasInterrupted ? "; interrupted" : ""))
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

import DVTCore
import DVTModel
import DVTOpenCL
import DVTOutput
import DVTVision
import Logging
import OpenCLRuntime

/// Streams images through a cascade and prints the predictions in input order.
struct ClassifyRun<B: Backend> {
    let model: DynamicVisionTransformer<B>
    let stream: ImageStream
    let policy: ExitPolicy
    let record: ClassifyRecord
    let logger: Logger
    private var order = InputOrder()
    private var exitCounts: [Int: Int] = [:]
    private var multiplyAdds = 0
    private var unknownCount = 0
    private var imageCount = 0

    init(
        model: DynamicVisionTransformer<B>, stream: ImageStream, policy: ExitPolicy,
        record: ClassifyRecord, logger: Logger
    ) {
        self.model = model
        self.stream = stream
        self.policy = policy
        self.record = record
        self.logger = logger
    }

    /// Classifies all images of the stream.
    ///
    /// - Parameter writer: receives one record per image, and per recorded error, in input order.
    /// - Throws: the model's, the backend's or the output's error.
    mutating func run(writingTo writer: RecordWriter) throws {
        let cascade = try CascadeStream(
            model, batch: stream.batchSize, policy: policy, topK: record.topK)
        // An image that waits for a full batch at its stage must not hold up later lines for long.
        let maxHeldUp = 16 * stream.batchSize
        func flush() throws {
            try advance(cascade, writingTo: writer) { try cascade.flush() }
        }
        try stream.forEachBatch { batch in
            order.add(batch.inputs)
            try advance(cascade, writingTo: writer) {
                batch.count > 0 ? try cascade.submit(batch.images) : []
            }
            if order.count >= maxHeldUp { try flush() }
        } whenIdle: {
            try flush()
        }
        try flush()
    }

    /// Runs some stages and prints the next images in order that have finished.
    private mutating func advance(
        _ cascade: CascadeStream<B>, writingTo writer: RecordWriter,
        _ body: () throws -> [FinishedImage]
    ) throws {
        let (start, before) = (ContinuousClock.now, cascade.stageRows)
        let images = try body()
        let rows = zip(cascade.stageRows, before).map { $0 - $1 }
        note(images, rows: rows, time: ContinuousClock.now - start)
        order.finish(images)
        while let (path, outcome) = order.next() {
            try writer.write(record.row(path, outcome))
        }
    }

    private mutating func note(_ images: [FinishedImage], rows: [Int], time: Duration) {
        for image in images {
            exitCounts[image.prediction.exit, default: 0] += 1
            multiplyAdds += image.prediction.multiplyAdds
            unknownCount += record.isUnknown(image.prediction) ? 1 : 0
        }
        imageCount += images.count
        guard logger.logLevel <= .debug, rows.contains(where: { $0 > 0 }) else { return }
        let rows = rows.map(String.init).joined(separator: ", ")
        let seconds = decimalText(time / .seconds(1))
        stream.progress.whileCleared {
            logger.debug("batch: rows per stage \(rows); \(seconds) s")
        }
    }

    /// Prints the number of images per exit and the mean cost to standard error.
    func printSummary() {
        printError(
            "\(imageCount) image\(imageCount == 1 ? "" : "s")"
                + (imageCount > 0 ? "; \(exitsText); \(costText)" : "")
                + (unknownCount > 0 ? "; \(unknownCount) unknown" : "")
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
        let (mean, unit) = (Double(multiplyAdds) / Double(imageCount), record.unit)
        return "mean \(unit.text(mean)) of \(unit.text(most)) \(unit.name) per image"
    }

    private func log(_ statistics: Context.Statistics) {
        logger.debug(
            """
            programs: \(statistics.programsCompiled) compiled in \
            \(decimalText(statistics.compileSeconds)) s, \(statistics.programsLoaded) from the \
            cache; buffers: \(statistics.buffersCreated) created, peak \
            \(statistics.highWaterBytes >> 20) MiB; kernels: \(statistics.kernelsLaunched)
            """)
    }
}

public import DVTCore

/// Many images through one cascade, with every stage's batch kept full.
///
/// The images that go on after an exit wait before the next stage, on the device, until a whole
/// batch of them has come together; a device that is badly used by small batches so gets large
/// ones at the later stages too. Images therefore finish out of order, and some not before
/// ``flush()``. Each gets the prediction that
/// ``DynamicVisionTransformer/classify(_:policy:topK:)`` would give it, but for the rounding of a
/// backend whose sums depend on the batch.
///
/// Fewer images than a batch wait before each stage. Beside the memory of one batch in work, one
/// waiting image takes 4 (C S^2 + M D' + L H M^2) bytes of the device: its pixels, and the features
/// and relations of the stage before, of M tokens, that the next one reuses.
///
/// ```swift
/// let stream = try CascadeStream(model, batch: 32, policy: .thresholds([0.8, 0.8]))
/// for batch in batches {
///     for image in try stream.submit(batch) { print(image.index, image.prediction.classIndex) }
/// }
/// for image in try stream.flush() { print(image.index, image.prediction.classIndex) }
/// ```
public final class CascadeStream<B: Backend> {
    /// The images of a full batch.
    public let batch: Int
    /// The images that every stage has run so far.
    public private(set) var stageRows: [Int]
    private let model: DynamicVisionTransformer<B>
    private let policy: ExitPolicy
    private let topK: Int
    private let cumulativeMultiplyAdds: [Int]
    private var flow: CascadeFlow<B>
    private var submitted = 0
    /// What the exits said of the images that have not finished.
    private var visits: [Int: [ClassConfidence]] = [:]
    private var finished: [FinishedImage] = []

    /// Creates a stream.
    ///
    /// - Parameters:
    ///   - model: the cascade.
    ///   - batch: the images of a full batch, at least one.
    ///   - policy: which images leave at which exit.
    ///   - topK: how many classes each prediction lists.
    /// - Throws: ``ModelError/invalidPolicy(reason:)`` if the policy does not fit the cascade.
    public init(
        _ model: DynamicVisionTransformer<B>, batch: Int, policy: ExitPolicy, topK: Int = 1
    ) throws {
        precondition(batch > 0, "a batch holds at least one image")
        try policy.check(stages: model.stages.count)
        self.model = model
        self.batch = batch
        self.policy = policy
        self.topK = topK
        cumulativeMultiplyAdds = model.configuration.cumulativeMultiplyAdds
        flow = CascadeFlow(model, policy: policy, capacity: batch)
        stageRows = Array(repeating: 0, count: model.stages.count)
    }

    /// Takes images in, and runs every stage that they fill the batch of.
    ///
    /// After an error the images that had not finished are gone.
    ///
    /// - Parameter images: `[N, C, S, S]`, normalized; any number, as many as a batch holds being
    ///   cheapest.
    /// - Returns: the images that have finished, these or earlier ones, in no order.
    /// - Throws: ``ModelError`` if images do not fit or an exit's confidence is not a number, or
    ///   the backend's error.
    public func submit(_ images: Tensor) throws -> [FinishedImage] {
        try model.check(images)
        let count = images.shape[0]
        return try advance { visit in
            for start in stride(from: 0, to: count, by: batch) {
                let part = images.images(start..<min(start + batch, count))
                let numbers = submitted..<submitted + part.shape[0]
                submitted = numbers.upperBound
                try flow.add(
                    StageBatch(indices: Array(numbers), images: model.backend.uploadBatch(part)),
                    visit: visit)
            }
        }
    }

    /// Runs all images that wait to their exits; the stream may go on afterward.
    ///
    /// - Returns: the images that had not finished, in no order.
    /// - Throws: as ``submit(_:)``.
    public func flush() throws -> [FinishedImage] {
        try advance { visit in try flow.flush(visit: visit) }
    }

    /// Runs something, and gives what it finished.
    private func advance(
        _ body: ((ExitVisit<B.DeviceTensor>) throws -> Void) throws -> Void
    ) throws -> [FinishedImage] {
        try model.withMemory(batch: batch) {
            do {
                try body(note)
            } catch {
                flow = CascadeFlow(model, policy: policy, capacity: batch)
                visits = [:]
                finished = []
                throw error
            }
        }
        defer { finished = [] }
        return finished
    }

    private func note(_ visit: ExitVisit<B.DeviceTensor>) throws {
        stageRows[visit.exit] += visit.rows.count
        for (image, confidence) in zip(visit.rows, visit.confidences) {
            guard confidence.probability.isFinite else {
                throw ModelError.notFinite(exit: visit.exit, image: image)
            }
            visits[image, default: []].append(confidence)
        }
        let needsLogits = topK > 1 && !visit.exiting.isEmpty
        let logits = needsLogits ? try model.backend.download(visit.logits) : nil
        for row in visit.exiting {
            let top = logits.map { ClassConfidence.top($0.row(row), count: topK) }
            let image = visit.rows[row]
            finished.append(
                FinishedImage(
                    index: image,
                    prediction: Prediction(
                        exit: visit.exit, top: top ?? [visit.confidences[row]],
                        visits: visits.removeValue(forKey: image) ?? [],
                        multiplyAdds: cumulativeMultiplyAdds[visit.exit])))
        }
    }
}

/// An image of a stream that has left the cascade.
public struct FinishedImage: Equatable, Sendable {
    /// Its place among all images submitted, from 0.
    public let index: Int
    /// What the cascade says of it.
    public let prediction: Prediction
}

extension Tensor {
    /// Some images of a batch.
    fileprivate func images(_ range: Range<Int>) -> Tensor {
        guard range.count < shape[0] else { return self }
        let size = shape.withBatch(1).elementCount
        return Tensor(
            shape.withBatch(range.count),
            values: Array(values[range.lowerBound * size..<range.upperBound * size]))
    }

    /// One row of a matrix.
    fileprivate func row(_ index: Int) -> ArraySlice<Float> {
        values[index * shape[1]..<(index + 1) * shape[1]]
    }
}

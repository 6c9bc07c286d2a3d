public import DVTCore

/// Runs many images through a cascade and keeps the batch of every stage full.
///
/// Images that do not exit wait on the device until the next stage has a full batch, so devices
/// that need large batches stay busy at the later stages too. Images therefore finish out of order,
/// some only at ``flush()``. Predictions equal those of
/// ``DynamicVisionTransformer/classify(_:policy:topK:)``, except for rounding on backends whose
/// sums depend on the batch.
///
/// Fewer images than a batch wait at each stage. In addition to the memory of one running batch, a
/// waiting image occupies 4 (C S^2 + M D' + L H M^2) bytes on the device: its pixels, and the
/// features and relations of the previous stage, with M tokens, that the next stage reuses.
///
/// ```swift
/// let stream = try CascadeStream(model, batch: 32, policy: .thresholds([0.8, 0.8]))
/// for batch in batches {
///     for image in try stream.submit(batch) { print(image.index, image.prediction.classIndex) }
/// }
/// for image in try stream.flush() { print(image.index, image.prediction.classIndex) }
/// ```
public final class CascadeStream<B: Backend> {
    /// The number of images in a full batch.
    public let batch: Int
    /// The number of images that each stage has processed so far.
    public private(set) var stageRows: [Int]
    private let model: DynamicVisionTransformer<B>
    private let policy: ExitPolicy
    private let topK: Int
    private let cumulativeMultiplyAdds: [Int]
    private var flow: CascadeFlow<B>
    private var submitted = 0
    /// The results at each exit visited so far of the images that have not finished.
    private var visits: [Int: [ClassConfidence]] = [:]
    private var finished: [FinishedImage] = []

    /// Creates a stream.
    ///
    /// - Parameters:
    ///   - model: the cascade.
    ///   - batch: the number of images in a full batch, at least 1.
    ///   - policy: the exit policy.
    ///   - topK: the number of classes that each prediction lists.
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

    /// Adds images and runs every stage whose batch becomes full.
    ///
    /// An error discards all unfinished images.
    ///
    /// - Parameter images: `[N, C, S, S]`, normalized; any number, most efficiently a full batch.
    /// - Returns: the images that have finished, including earlier ones, in no particular order.
    /// - Throws: ``ModelError`` if the shape does not match or an exit's confidence is not finite,
    ///   or the backend's error.
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

    /// Runs all waiting images to their exits; the stream can be used afterward.
    ///
    /// - Returns: these images, in no particular order.
    /// - Throws: the errors of ``submit(_:)``.
    public func flush() throws -> [FinishedImage] {
        try advance { visit in try flow.flush(visit: visit) }
    }

    /// Runs `body` and returns the images that finished.
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

/// An image of a stream that has finished.
public struct FinishedImage: Equatable, Sendable {
    /// Its index among all submitted images, from 0.
    public let index: Int
    /// The cascade's prediction for it.
    public let prediction: Prediction
}

extension Tensor {
    /// A range of images of a batch.
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

internal import DVTCore
import DVTSupport
public import DVTVision

/// The batches of an epoch, prepared ahead of their use on background threads.
///
/// The batches depend only on the set, the augmentation, the seed and the epoch, not on the number
/// of threads or the first batch. A batch covers a fixed range of the epoch's order, so an
/// unreadable image makes its batch smaller; an empty batch is skipped.
///
/// Memory holds one batch in progress or waiting, and up to one batch of images decoded ahead.
/// Releasing the batches ends each thread after its current image.
public final class TrainingBatches {
    /// A batch and the images skipped in it.
    private struct Outcome: Sendable {
        let batch: TrainingBatch?
        let skipped: [ImageError]
        let incomplete: [IncompleteImage]
    }

    /// An augmented image or its error.
    private struct Image: Sendable {
        let index: Int
        let label: Int
        let result: Result<(tensor: Tensor, incomplete: IncompleteImage?), ImageError>
    }

    /// The errors of the images skipped so far.
    public private(set) var skipped: [ImageError] = []
    /// The images that end early and were used so far, as far as they were not in the cache.
    package private(set) var incomplete: [IncompleteImage] = []
    private let input: TrainingInput
    private let order: [Int]
    private let images: LoaderPipeline<Int, Image>
    private let batches: LoaderPipeline<Int, Outcome>
    /// The next batch of features.
    private var nextOfFeatures: Int

    /// Starts preparing batches; there is nothing to prepare if the input has features.
    ///
    /// - Parameters:
    ///   - input: the images.
    ///   - order: the indices of the images.
    ///   - epoch: the epoch of the augmentation, from 0.
    ///   - first: the first batch, from 0.
    init(_ input: TrainingInput, order: [Int], epoch: Int, from first: Int) {
        precondition(epoch >= 0 && first >= 0, "epochs and batches are at least 0")
        let (count, size) = (order.count, input.options.batchSize)
        let batchCount = input.batchCount(of: count)
        let batchIndices = min(first, batchCount)..<batchCount
        let places =
            min(batchIndices.lowerBound * size, count)..<min(batchCount * size, count)
        self.input = input
        self.order = order
        nextOfFeatures = batchIndices.lowerBound
        let images = LoaderPipeline(
            source: SharedSequence(order[places]), lookAhead: size
        ) { index in
            Image(
                index: index, label: input.images[index].label,
                result: Result { () throws(ImageError) in
                    try input.image(index, epoch: epoch)
                })
        }
        self.images = images
        batches = LoaderPipeline(source: SharedSequence(batchIndices), lookAhead: 1) { index in
            Self.batch(
                index, of: min(size, count - index * size), from: images, input: input,
                epoch: epoch)
        }
        guard input.features == nil else { return }
        images.start(input.options.workers)
        batches.start(min(1, input.options.workers))
    }

    deinit {
        close()
    }

    private func close() {
        batches.close()
        images.close()
    }

    /// Waits for the next batch.
    ///
    /// - Returns: the batch, or nil after the last one.
    /// - Throws: ``/DVTVision/ImageError`` if an image cannot be read and the input is strict; no
    ///   batches follow. `FileError` if stored features cannot be read.
    public func next() throws -> TrainingBatch? {
        if let features = input.features { return try next(of: features) }
        while let outcome = batches.next() {
            skipped += outcome.skipped
            incomplete += outcome.incomplete
            if input.options.isStrict, let error = outcome.skipped.first {
                close()
                throw error
            }
            if let batch = outcome.batch { return batch }
        }
        return nil
    }

    private func next(of features: FeatureTable) throws -> TrainingBatch? {
        let size = input.options.batchSize
        while nextOfFeatures < input.batchCount(of: order.count) {
            let index = nextOfFeatures
            nextOfFeatures += 1
            let places = index * size..<min((index + 1) * size, order.count)
            let images = order[places].filter { features.rows[$0] != nil }
            guard !images.isEmpty else { continue }
            let labels = images.map { input.images[$0].label }
            return TrainingBatch(
                index: index, images: Tensor([0], values: []),
                features: try features.features(of: images),
                targets: .softTargets(
                    labels, classes: input.classes,
                    smoothing: input.augmentation.labelSmoothing, share: 1),
                labels: labels, indices: images)
        }
        return nil
    }

    /// Assembles and mixes the next images.
    private static func batch(
        _ index: Int, of count: Int, from images: LoaderPipeline<Int, Image>,
        input: TrainingInput, epoch: Int
    ) -> Outcome {
        let side = input.preprocessing.imageSize
        var (values, labels, indices) = ([Float](), [Int](), [Int]())
        var skipped: [ImageError] = []
        var incomplete: [IncompleteImage] = []
        values.reserveCapacity(count * 3 * side * side)
        for _ in 0..<count {
            // Nil once the batches are released; the result is then discarded.
            guard let image = images.next() else { break }
            switch image.result {
            case .success(let loaded):
                values += loaded.tensor.values
                labels.append(image.label)
                indices.append(image.index)
                loaded.incomplete.map { incomplete.append($0) }
            case .failure(let error): skipped.append(error)
            }
        }
        guard !labels.isEmpty else {
            return Outcome(batch: nil, skipped: skipped, incomplete: incomplete)
        }
        var images = Tensor([labels.count, 3, side, side], values: values)
        var share = 1.0
        if let mixing = input.augmentation.mixing {
            var random = SeededGenerator(
                name: "training.\(epoch).\(index).mixing", seed: input.options.seed)
            let mix = mixing.mix(side: side, random: &random)
            mix.apply(to: &images)
            share = mix.share(side: side)
        }
        let targets = Tensor.softTargets(
            labels, classes: input.classes, smoothing: input.augmentation.labelSmoothing,
            share: share)
        return Outcome(
            batch: TrainingBatch(
                index: index, images: images, targets: targets, labels: labels, indices: indices),
            skipped: skipped, incomplete: incomplete)
    }
}

import DVTAutodiff
internal import DVTCore
internal import DVTModel
package import DVTVision

extension Trainer {
    /// Measures all exits of the model on validation images.
    ///
    /// - Parameters:
    ///   - input: the images, without augmentation.
    ///   - shouldStop: called after every batch.
    /// - Returns: the losses and correct predictions, or nil if stopped.
    /// - Throws: ``/DVTModel/ModelError`` if the images do not fit, or the backend's error.
    package func validate(
        _ input: TrainingInput, shouldStop: () -> Bool = { false }
    ) throws -> TrainingTally? {
        let cascade = try inference()
        var tally = TrainingTally(exits: card.configuration.stages.count)
        let batches = input.batches(epoch: 0)
        while let batch = try batches.next() {
            var exits: [ExitLoss] = []
            try cascade.runExits(batch) { logits, confidences in
                let entropy = try cascade.backend.crossEntropy(
                    logits, targets: cascade.backend.uploadFloat32(batch.targets), weight: 1)
                exits.append(
                    ExitLoss(
                        losses: try cascade.backend.download(entropy.losses).values,
                        classes: confidences.map(\.classIndex)))
            }
            tally.add(exits, labels: batch.labels)
            if shouldStop() { return nil }
        }
        return tally
    }

    /// Computes the features of all exits for every image of a set, and stores them.
    ///
    /// - Parameters:
    ///   - input: the images, without augmentation.
    ///   - cache: the features stored so far; the others are added.
    ///   - batchDone: called after every batch with the images of the set done so far; returns
    ///     whether to stop.
    /// - Returns: the errors of unreadable images, or nil if stopped.
    /// - Throws: ``/DVTModel/ModelError`` if the images do not fit, or the backend's or a file's
    ///   error.
    package func storeFeatures(
        of input: TrainingInput, in cache: FeatureCache, batchDone: (Int) -> Bool
    ) throws -> [ImageError]? {
        let cascade = try model.inference()
        let batches = input.orderedBatches(from: cache.taken)
        while let batch = try batches.next() {
            var features: [Tensor] = []
            try cascade.run(batch.images, policy: .allExits) { visit in
                features.append(try cascade.backend.download(visit.features))
            }
            let taken = min((batch.index + 1) * input.options.batchSize, input.images.count)
            try cache.add(features, images: batch.indices, taken: taken)
            if batchDone(taken), !cache.isComplete { return nil }
        }
        // The last images may all be unreadable.
        if !cache.isComplete { try cache.add([], images: [], taken: input.images.count) }
        return batches.skipped
    }
}

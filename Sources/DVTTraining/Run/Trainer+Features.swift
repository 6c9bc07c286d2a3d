import DVTAutodiff
internal import DVTCore
internal import DVTModel
package import DVTVision

extension Trainer {
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
        let (first, count) = (cache.taken, input.images.count)
        let batches = input.orderedBatches(from: first)
        while let batch = try batches.next() {
            var features: [Tensor] = []
            try cascade.run(batch.images, policy: .allExits) { visit in
                features.append(try cascade.backend.download(visit.features))
            }
            let taken = min(first + (batch.index + 1) * input.options.batchSize, count)
            try cache.add(features, images: batch.indices, taken: taken)
            if batchDone(taken), !cache.isComplete { return nil }
        }
        // The last images may all be unreadable.
        if !cache.isComplete { try cache.add([], images: [], taken: count) }
        return batches.skipped
    }
}

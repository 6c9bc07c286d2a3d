import DVTAutodiff
internal import DVTCore
internal import DVTModel

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
}

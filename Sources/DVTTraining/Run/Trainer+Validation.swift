import DVTAutodiff
import DVTCore
import DVTModel

extension Trainer {
    /// Measures the model on images it is not trained on, at every exit.
    ///
    /// - Parameters:
    ///   - input: the images, not changed at random.
    ///   - shouldStop: asked after every batch.
    /// - Returns: losses and hits, or nil if it was stopped.
    /// - Throws: ``/DVTModel/ModelError`` if the images do not fit, or the backend's error.
    public func validate(
        _ input: TrainingInput, shouldStop: () -> Bool = { false }
    ) throws -> TrainingTally? {
        let cascade = try inference()
        var tally = TrainingTally(exits: card.configuration.stages.count)
        let batches = input.batches(epoch: 0)
        while let batch = try batches.next() {
            var exits: [ExitLoss] = []
            try cascade.run(batch.images, policy: .allExits) { visit in
                let entropy = try cascade.backend.crossEntropy(
                    visit.logits, targets: cascade.backend.upload(batch.targets), weight: 1)
                exits.append(
                    ExitLoss(
                        losses: try cascade.backend.download(entropy.losses).values,
                        classes: visit.confidences.map(\.classIndex)))
            }
            tally.add(exits, labels: batch.labels)
            if shouldStop() { return nil }
        }
        return tally
    }
}

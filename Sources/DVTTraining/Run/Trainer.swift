import DVTAutodiff
internal import DVTCore
package import DVTModel
import DVTSupport

/// Trains all exits of a cascade.
///
/// A step depends only on the recipe, the batch and the position, so a resumed run takes the same
/// steps as an uninterrupted one.
package final class Trainer<B: DifferentiableBackend> {
    /// The model card: configuration, preprocessing and labels.
    package let card: ModelCard
    /// The training recipe.
    package let recipe: TrainingRecipe
    /// The trained model.
    package let model: TrainableCascade<B>
    /// The position of the run.
    package private(set) var position: TrainingPosition
    let optimizer: AdamWOptimizer<B>
    let average: WeightAverage<B>?

    /// Starts a run.
    ///
    /// - Parameters:
    ///   - card: the model card.
    ///   - recipe: the training recipe.
    ///   - weights: the initial weights.
    ///   - backend: the device.
    /// - Throws: ``TrainingError`` if the recipe cannot be used, ``/DVTModel/ModelError`` if the
    ///   weights do not fit, or the source's or backend's error.
    package convenience init(
        _ card: ModelCard, recipe: TrainingRecipe, weights: some ParameterSource, backend: B
    ) throws {
        try recipe.check(origin: "recipe")
        let model = try TrainableCascade(
            card.configuration, weights: weights, backend: backend,
            freezing: recipe.frozenParameters(of: card.configuration),
            stopsReusedFeatures: recipe.stopsReusedFeatures)
        self.init(
            card, recipe: recipe, model: model,
            optimizer: try AdamWOptimizer(model, recipe.optimizer),
            average: try recipe.averageDecay.map { try WeightAverage(model, limit: $0) },
            position: TrainingPosition(exits: card.configuration.stages.count))
    }

    init(
        _ card: ModelCard, recipe: TrainingRecipe, model: TrainableCascade<B>,
        optimizer: AdamWOptimizer<B>, average: WeightAverage<B>?, position: TrainingPosition
    ) {
        self.card = card
        self.recipe = recipe
        self.model = model
        self.optimizer = optimizer
        self.average = average
        self.position = position
        // A frozen backbone gives the features of evaluation.
        if !model.trainsHeadsOnly {
            model.tape.regularization = TapeRegularization(
                dropout: Float(recipe.dropout), stochasticDepth: Float(recipe.stochasticDepth))
        }
    }

    /// Creates a cascade for inference, with the averaged weights if the recipe has an average.
    ///
    /// - Returns: a cascade that shares memory with the run.
    /// - Throws: the backend's error.
    package func inference() throws -> DynamicVisionTransformer<B> {
        try average?.inference() ?? model.inference()
    }

    /// The completed fraction of the run.
    ///
    /// - Parameter batches: the number of batches per epoch.
    /// - Returns: from 0 to 1; 1 means that the run is complete.
    package func progress(batches: Int) -> Double {
        let epochs = Double(position.epoch) + Double(position.batch) / Double(max(batches, 1))
        return recipe.progress(epochs: epochs, seconds: position.seconds)
    }

    /// Whether accumulated gradients are waiting for more batches before the next step.
    package private(set) var isBetweenSteps = false

    /// Runs one batch, and takes an optimizer step once enough batches have accumulated.
    ///
    /// The last batch of an epoch always ends with a step.
    ///
    /// - Parameters:
    ///   - batch: images and targets.
    ///   - batches: the number of batches per epoch.
    /// - Returns: the results of each exit.
    /// - Throws: ``TrainingError/notFinite(_:value:step:)`` if a loss or the gradient is not
    ///   finite, ``/DVTModel/ModelError`` if the batch does not fit, or the backend's error.
    @discardableResult
    package func train(_ batch: TrainingBatch, of batches: Int) throws -> [ExitLoss] {
        let start = ContinuousClock.now
        let first = batch.index - batch.index % recipe.accumulation
        let end = min(first + recipe.accumulation, batches)
        let exits = try addGradients(batch, ofBatches: end - first)
        isBetweenSteps = batch.index + 1 < end
        if !isBetweenSteps {
            try optimizer.step(rate: recipe.schedule.rate(at: progress(batches: batches)))
            position.step += 1
            try average?.update(step: position.step)
        }
        position.tally.add(exits, labels: batch.labels)
        position.batch = batch.index + 1
        position.batchesPerEpoch = batches
        position.seconds += (ContinuousClock.now - start) / .seconds(1)
        return exits
    }

    private func addGradients(
        _ batch: TrainingBatch, ofBatches count: Int
    ) throws -> [ExitLoss] {
        let draw = position.step * recipe.accumulation + batch.index % recipe.accumulation
        model.tape.reseed(SeededValues(name: "step", seed: recipe.seed).bits(draw))
        let exits = try model.addGradients(
            batch, weight: 1 / Float(batch.labels.count * count))
        for (exit, loss) in exits.map(\.mean).enumerated() where !loss.isFinite {
            throw TrainingError.notFinite(
                "the loss of exit \(exit + 1)", value: loss, step: position.step)
        }
        return exits
    }

    /// Ends an epoch.
    ///
    /// - Returns: the losses and hits of its batches.
    package func finishEpoch() -> TrainingTally {
        let tally = position.tally
        position.epoch += 1
        position.batch = 0
        position.tally = TrainingTally(exits: tally.losses.count)
        // If no image of the last batch was readable, gradients remain, which checkpoints omit.
        if isBetweenSteps { model.parameters.forEach { $0.tensor.clearGradient() } }
        isBetweenSteps = false
        return tally
    }
}

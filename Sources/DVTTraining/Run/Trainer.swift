import DVTAutodiff
internal import DVTCore
package import DVTModel
import DVTSupport

/// Trains a cascade: every exit, step by step.
///
/// What a step does depends on the recipe, the batch and the position alone, so that a run that is
/// gone on with makes the same steps as one that was never interrupted.
package final class Trainer<B: DifferentiableBackend> {
    /// The model, its normalization and labels.
    package let card: ModelCard
    /// How it is trained.
    package let recipe: TrainingRecipe
    /// The model with its gradients.
    package let model: TrainableCascade<B>
    /// Where the run is.
    package private(set) var position: TrainingPosition
    let optimizer: AdamWOptimizer<B>
    let average: WeightAverage<B>?

    /// Begins a run.
    ///
    /// - Parameters:
    ///   - card: the model.
    ///   - recipe: how it is trained.
    ///   - weights: what it starts from.
    ///   - backend: the device.
    /// - Throws: ``TrainingError`` if the recipe cannot be used, ``/DVTModel/ModelError`` if the
    ///   weights do not fit, or the source's or backend's error.
    package convenience init(
        _ card: ModelCard, recipe: TrainingRecipe, weights: some ParameterSource, backend: B
    ) throws {
        try recipe.check(origin: "recipe")
        let model = try TrainableCascade(
            card.configuration, weights: weights, backend: backend,
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
        model.tape.regularization = TapeRegularization(
            dropout: Float(recipe.dropout), stochasticDepth: Float(recipe.stochasticDepth))
    }

    /// The cascade for inference: on averaged weights where they are kept.
    ///
    /// - Returns: a cascade that shares memory with the run.
    /// - Throws: the backend's error.
    package func inference() throws -> DynamicVisionTransformer<B> {
        try average?.inference() ?? model.inference()
    }

    /// How much of the run is done, from 0 to 1.
    ///
    /// - Parameter batches: the batches of an epoch.
    /// - Returns: 1 when the run is over.
    package func progress(batches: Int) -> Double {
        let epochs = Double(position.epoch) + Double(position.batch) / Double(max(batches, 1))
        return recipe.progress(epochs: epochs, seconds: position.seconds)
    }

    /// Whether the gradients of some batches wait for others to make a step with.
    package private(set) var isBetweenSteps = false

    /// Runs one batch, and makes a step when enough have been run.
    ///
    /// The last batches of an epoch make one too, though they may be fewer.
    ///
    /// - Parameters:
    ///   - batch: images and targets.
    ///   - batches: the batches of an epoch.
    /// - Returns: what every exit made of the batch.
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
            batch.images, targets: batch.targets,
            weight: 1 / Float(batch.labels.count * count))
        for (exit, loss) in exits.map(\.mean).enumerated() where !loss.isFinite {
            throw TrainingError.notFinite(
                "the loss of exit \(exit + 1)", value: loss, step: position.step)
        }
        return exits
    }

    /// Ends an epoch.
    ///
    /// - Returns: what its batches came to.
    package func finishEpoch() -> TrainingTally {
        let tally = position.tally
        position.epoch += 1
        position.batch = 0
        position.tally = TrainingTally(exits: tally.losses.count)
        // Only where no image of the last batch could be read: a checkpoint does not keep them.
        if isBetweenSteps { model.parameters.forEach { $0.tensor.clearGradient() } }
        isBetweenSteps = false
        return tally
    }
}

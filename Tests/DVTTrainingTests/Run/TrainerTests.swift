import DVTAutodiff
import DVTCheckpoints
import DVTCore
import DVTModel
import DVTOpenCL
import DVTReference
import DVTTestSupport
import Testing

@testable import DVTTraining

/// Training runs and their resumption.
struct TrainerTests {
    private static func makeTrainer(
        _ change: (inout TrainingRecipe) -> Void = { _ in }
    ) throws -> Trainer<ReferenceBackend> {
        var recipe = TrainingLossTests.recipe
        recipe.stochasticDepth = 0.3
        recipe.dropout = 0.1
        change(&recipe)
        return try Trainer(
            ModelCard(TrainingLossTests.cascade()), recipe: recipe, weights: RandomWeights(seed: 2),
            backend: ReferenceBackend())
    }

    private func weights<B>(of trainer: Trainer<B>) throws -> [[Float]] {
        try trainer.model.parameters.map { try trainer.model.tape.download($0.tensor).values }
    }

    @Test(arguments: [1, 2, 3])
    func resumesBitForBit(afterSteps count: Int) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/checkpoint.safetensors"
        let whole = try Self.makeTrainer()
        let first = try Self.makeTrainer()
        for step in 0..<4 { try whole.train(TrainingLossTests.batch(step), of: 10) }
        for step in 0..<count { try first.train(TrainingLossTests.batch(step), of: 10) }
        try first.save(to: path)
        let second = try Trainer(
            resuming: SafetensorsFile(path: path), backend: ReferenceBackend())
        #expect(second.position == first.position)
        for step in count..<4 { try second.train(TrainingLossTests.batch(step), of: 10) }
        #expect(try weights(of: second) == weights(of: whole))
        #expect(second.position.tally == whole.position.tally)
        #expect(
            second.average?.tensors.map { second.model.tape.base.download($0) }
                == whole.average?.tensors.map { whole.model.tape.base.download($0) })
    }

    /// Checkpoints hold the float32 parameters, not those that the network reads.
    @MainActor
    @Test(.enabled(if: TestDevice.isAvailable, Comment(rawValue: TestDevice.comment)))
    func resumesBitForBitInBFloat16() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/checkpoint.safetensors"
        let backend = try TestDevice.makeBackend(.vector, .bfloat16)
        let trainer = try Trainer(
            ModelCard(TrainingLossTests.cascade()), recipe: TrainingLossTests.recipe,
            weights: RandomWeights(seed: 2), backend: backend)
        try trainer.train(TrainingLossTests.batch(0), of: 10)
        try trainer.save(to: path)
        let resumed = try Trainer(resuming: SafetensorsFile(path: path), backend: backend)
        func masters(_ trainer: Trainer<OpenCLBackend>) throws -> [[Float]] {
            try trainer.model.parameters.map { try backend.download($0.master).values }
        }
        #expect(try masters(resumed) == masters(trainer))
        for trainer in [trainer, resumed] {
            try trainer.train(TrainingLossTests.batch(1), of: 10)
        }
        #expect(try masters(resumed) == masters(trainer))
        #expect(try weights(of: resumed) == weights(of: trainer))
        #expect(try weights(of: trainer) != masters(trainer))
    }

    /// Without random draws, two batches of half the weight equal one batch of both.
    @Test func accumulatesGradients() throws {
        let plain: (inout TrainingRecipe) -> Void = {
            ($0.stochasticDepth, $0.dropout) = (0, 0)
        }
        let halves = try Self.makeTrainer {
            plain(&$0)
            $0.accumulation = 2
        }
        let whole = try Self.makeTrainer(plain)
        let parts = [TrainingLossTests.batch(0), TrainingLossTests.batch(1)]
        for part in parts { try halves.train(part, of: 10) }
        #expect(halves.position.step == 1 && !halves.isBetweenSteps)
        try whole.train(
            TrainingBatch(
                index: 0,
                images: Tensor([16, 3, 32, 32], values: parts.flatMap(\.images.values)),
                targets: Tensor([16, 10], values: parts.flatMap(\.targets.values)),
                labels: parts.flatMap(\.labels)), of: 10)
        // Adam's first step is the sign of the gradient, which rounding may flip if it is 0.
        for (a, b) in zip(try weights(of: halves), try weights(of: whole)) {
            let differing = zip(a, b).count { abs($0 - $1) > 1e-5 }
            #expect(differing <= a.count / 100 + 1)
        }
    }

    /// The last batches of an epoch make their own step: no gradient is carried into the next
    /// epoch.
    @Test func stepsAtTheEndOfAnEpoch() throws {
        let trainer = try Self.makeTrainer {
            ($0.stochasticDepth, $0.dropout) = (0, 0)
            $0.accumulation = 2
        }
        let alone = try Self.makeTrainer {
            ($0.stochasticDepth, $0.dropout) = (0, 0)
        }
        try trainer.train(TrainingLossTests.batch(0), of: 1)
        try alone.train(TrainingLossTests.batch(0), of: 1)
        #expect(trainer.position.step == 1 && !trainer.isBetweenSteps)
        #expect(try weights(of: trainer) == weights(of: alone))
    }

    @Test func refusesNonFiniteLosses() throws {
        let trainer = try Self.makeTrainer()
        let before = try weights(of: trainer)
        var batch = TrainingLossTests.batch(0)
        batch = TrainingBatch(
            index: 0, images: Tensor(batch.images.shape, repeating: .infinity),
            targets: batch.targets, labels: batch.labels)
        #expect(throws: (any Error).self) { try trainer.train(batch, of: 10) }
        #expect(try weights(of: trainer) == before && trainer.position.step == 0)
    }

    @Test func trainedWeightsRunInference() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/weights.safetensors"
        let trainer = try Self.makeTrainer()
        try trainer.train(TrainingLossTests.batch(0), of: 10)
        try trainer.saveWeights(to: path)
        let file = try SafetensorsFile(path: path)
        let stored = try DynamicVisionTransformer(
            ModelCard(storedIn: file).configuration, weights: CheckpointWeights(file),
            backend: ReferenceBackend())
        let images = TrainingLossTests.batch(3).images
        #expect(try stored.logits(images) == trainer.inference().logits(images))
        // A run's checkpoint is also a checkpoint of the model.
        let run = folder.path + "/run.safetensors"
        try trainer.save(to: run)
        try CheckpointWeights(SafetensorsFile(path: run)).check(trainer.card.configuration)
        #expect(throws: TrainingError.self) {
            try Trainer(resuming: file, backend: ReferenceBackend())
        }
    }

    @Test func trainingLowersTheLoss() throws {
        let trainer = try Self.makeTrainer {
            ($0.stochasticDepth, $0.dropout) = (0, 0)
        }
        var losses: [Double] = []
        for step in 0..<30 {
            let batch = TrainingLossTests.batch(step % 2)
            losses.append(try trainer.train(batch, of: 100).map(\.mean).reduce(0, +))
        }
        #expect(losses[28] + losses[29] < 0.5 * (losses[0] + losses[1]))
    }

    @Test func schedulesFollowEpochsOrTime() {
        var recipe = TrainingRecipe()
        (recipe.epochs, recipe.maxHours) = (10, 2)
        #expect(recipe.progress(epochs: 5, seconds: 0) == 0.5)
        #expect(recipe.progress(epochs: 5, seconds: 5400) == 0.75)
        #expect(recipe.progress(epochs: 11, seconds: 0) == 1)
        let schedule = LearningRateSchedule(peak: 1, last: 0.1, warmup: 0.2)
        #expect(abs(schedule.rate(at: 0.1) - 0.5) < 1e-12)
        #expect(abs(schedule.rate(at: 0.2) - 1) < 1e-12)
        #expect(abs(schedule.rate(at: 0.6) - 0.55) < 1e-12)
        #expect(abs(schedule.rate(at: 1) - 0.1) < 1e-12)
        #expect(schedule.rate(at: 0) > 0)
    }
}

import DVTAutodiff
import DVTCheckpoints
import DVTCore
import DVTModel
import DVTReference
import DVTTestSupport
import DVTVision
import Testing

@testable import DVTTraining

/// Training with frozen parameters, and heads on stored features.
struct FrozenTests {
    /// A cascade that runs one network on images of 16 and 32 pixels.
    private static func cascade() throws -> CascadeConfiguration {
        var stage = VisionTransformerConfiguration(
            patch: PatchGeometry(kernel: 8), width: 32, depth: 2, heads: 2, classes: 10)
        stage.imageSize = 32
        return try CascadeConfiguration([stage], name: "plain").cascade(ofSizes: [16, 32])
    }

    private static func recipe(_ freeze: String...) -> TrainingRecipe {
        var recipe = TrainingLossTests.recipe
        recipe.freeze = freeze
        return recipe
    }

    private static func trainer(
        _ recipe: TrainingRecipe, _ cascade: CascadeConfiguration? = nil
    ) throws -> Trainer<ReferenceBackend> {
        try Trainer(
            ModelCard(cascade ?? Self.cascade()), recipe: recipe, weights: RandomWeights(seed: 2),
            backend: ReferenceBackend())
    }

    private func values<B>(of trainer: Trainer<B>) throws -> [ParameterSpecification: [Float]] {
        Dictionary(
            uniqueKeysWithValues: try trainer.model.parameters.map {
                ($0.specification, try trainer.model.tape.download($0.tensor).values)
            })
    }

    @Test(arguments: [
        (["backbone"], 4), (["blocks.*", "patch_embed.*"], 9), (["stages.1.*"], 32),
        (["*.bias"], 19),
    ])
    func onlyOthersAreTrained(patterns: [String], trained: Int) throws {
        var recipe = TrainingLossTests.recipe
        recipe.freeze = patterns
        let trainer = try Self.trainer(recipe)
        #expect(trainer.model.parameters.count(where: \.isTrained) == trained)
        let before = try values(of: trainer)
        try trainer.train(TrainingLossTests.batch(0), of: 10)
        for (parameter, value) in try values(of: trainer) {
            let isFrozen = try recipe.frozenParameters(of: Self.cascade()).contains(parameter)
            #expect((value == before[parameter]) == isFrozen, "\(parameter.name)")
        }
        #expect(trainer.model.trainsHeadsOnly == (patterns == ["backbone"]))
    }

    @Test func patternsThatFreezeNothingOrEverythingAreErrors() throws {
        for (pattern, text) in [
            ("block.0.*", "takes backbone, or names"), ("*", "nothing is left to train"),
        ] {
            let error = #expect(throws: TrainingError.self) {
                try Self.recipe(pattern).frozenParameters(of: Self.cascade())
            }
            #expect(error?.description.contains(text) == true, "\(String(describing: error))")
        }
    }

    /// A checkpoint lacks the moments of frozen parameters; they are zero once they are trained.
    @Test func aRunMayThaw() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/checkpoint.safetensors"
        let frozen = try Self.trainer(Self.recipe("backbone"))
        try frozen.train(TrainingLossTests.batch(0), of: 10)
        try frozen.save(to: path)
        let file = try SafetensorsFile(path: path)
        #expect(file.shapes.keys.count { $0.hasPrefix("average.") } == 4)
        let same = try Trainer(resuming: file, backend: ReferenceBackend())
        let thawed = try Trainer(
            resuming: file, recipe: Self.recipe(), backend: ReferenceBackend())
        #expect(try values(of: same) == values(of: frozen))
        #expect(thawed.model.parameters.allSatisfy { $0.isTrained })
        let before = try values(of: thawed)
        try thawed.train(TrainingLossTests.batch(1), of: 10)
        #expect(try values(of: thawed).allSatisfy { $0.value != before[$0.key] })
    }

    /// The rate of block i is decay^(L - i) of the head's.
    @Test func ratesDecayByLayer() throws {
        let cascade = try Self.cascade()
        func factor(_ name: String) throws -> Double {
            try #require(cascade.parameters.first { $0.name == name })
                .rateFactor(decay: 0.5, in: cascade)
        }
        #expect(try factor("head.weight") == 1 && factor("norm.weight") == 1)
        #expect(try factor("blocks.1.mlp.fc1.weight") == 0.5)
        #expect(try factor("blocks.0.norm1.bias") == 0.25)
        #expect(try factor("patch_embed.proj.weight") == 0.125)
        #expect(try factor("cls_token") == 0.125)
        // Adam's first step is the rate in every element with a gradient.
        var recipe = TrainingLossTests.recipe
        (recipe.optimizer.layerDecay, recipe.optimizer.weightDecay) = (0.5, 0)
        let trainer = try Self.trainer(recipe)
        let before = try values(of: trainer)
        try trainer.train(TrainingLossTests.batch(0), of: 10)
        for (parameter, value) in try values(of: trainer) {
            let steps = zip(value, before[parameter] ?? []).map { abs($0 - $1) }
            let wanted = recipe.learningRate * parameter.rateFactor(decay: 0.5, in: cascade)
            // The epsilon in the denominator makes small gradients' steps shorter.
            #expect(abs(Double(steps.max() ?? 0) / wanted - 1) < 0.01, "\(parameter.name)")
        }
    }

    /// Heads that are trained on stored features get the same weights as on images.
    @Test func featuresReplaceImages() throws {
        let folder = try TemporaryFolder()
        let images = try TrainingInput(
            cifarSet(10, in: folder), classes: 10,
            preprocessing: Preprocessing(ModelCard(Self.cascade())), augmentation: .none,
            options: .init(batchSize: 4, seed: 1))
        let (first, second) = (
            try Self.trainer(Self.recipe("backbone")), try Self.trainer(Self.recipe("backbone"))
        )
        let subject = FeatureCache.Subject(
            model: "m", weights: try first.model.frozenDigest(), data: "d", images: 10,
            preprocessing: "p", precision: "float32", widths: [32, 32])
        // Interrupted after the first batch, and resumed.
        var cache = try FeatureCache(folder: folder.path + "/features", subject: subject)
        #expect(try first.storeFeatures(of: images, in: cache) { _ in true } == nil)
        cache = try FeatureCache(folder: folder.path + "/features", subject: subject)
        #expect(cache.taken == 4 && !cache.isComplete)
        // The rest in batches of another size.
        let smaller = try TrainingInput(
            images.images, classes: 10, preprocessing: images.preprocessing, augmentation: .none,
            options: .init(batchSize: 3, seed: 1))
        #expect(try first.storeFeatures(of: smaller, in: cache) { _ in false } == [])
        #expect(cache.isComplete)
        var features = images
        features.features = try cache.table()
        for (trainer, input) in [(first, images), (second, features)] {
            for epoch in 0..<2 {
                let batches = input.batches(epoch: epoch)
                while let batch = try batches.next() {
                    try trainer.train(batch, of: input.batchCount)
                }
            }
        }
        // Training splits fused operations, which rounds differently. Adam's steps are the signs of
        // gradients at first, which that may flip if they are 0.
        let (ofImages, ofFeatures) = (try values(of: first), try values(of: second))
        for (parameter, value) in ofImages {
            let differing = zip(value, try #require(ofFeatures[parameter])).count {
                abs($0 - $1) > 1e-5
            }
            #expect(differing <= value.count / 100 + 1, "\(parameter.name)")
        }
        #expect(first.position.tally.images == second.position.tally.images)
        for (a, b) in zip(first.position.tally.losses, second.position.tally.losses) {
            #expect(abs(a - b) < 1e-5 * a)
        }
        // Both validate without a tape: the same bits for the same weights.
        #expect(try first.validate(images)?.meanLosses == first.validate(features)?.meanLosses)
        let other = FeatureCache.Subject(
            model: "m", weights: "other", data: "d", images: 10, preprocessing: "p",
            precision: "float32", widths: [32, 32])
        #expect(throws: RowJournalError<FeatureCache.Subject>.self) {
            try FeatureCache(folder: folder.path + "/features", subject: other)
        }
    }

    /// A cascade that starts to reuse relations begins with the outputs it had without.
    @Test func addedRelationReuseStartsAtZero() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/plain.safetensors"
        try Self.trainer(TrainingLossTests.recipe).saveWeights(to: path)
        let (cascade, images) = (try Self.cascade(), TrainingLossTests.batch(0).images)
        let reusing = try cascade.reusing(features: false, relations: true)
        let file = CheckpointWeights(try SafetensorsFile(path: path))
        let start = AdaptedWeights(file, otherwise: RandomWeights(seed: 1))
        try start.check(reusing)
        #expect(try start.changes(for: reusing).count == 4)
        let without = try DynamicVisionTransformer(
            cascade, weights: file, backend: ReferenceBackend())
        let with = try DynamicVisionTransformer(
            reusing, weights: start, backend: ReferenceBackend())
        #expect(try with.logits(images) == without.logits(images))
    }
}

import DVTCore
import DVTEvaluation
import DVTModel
import DVTOpenCL
import DVTReference
import DVTTestSupport
import Testing

/// The attention behind each exit, on cascades of every shape.
@Suite struct ExplanationTests {
    private func model<B: Backend>(
        _ name: String, on backend: B
    ) throws -> DynamicVisionTransformer<B> {
        try DynamicVisionTransformer(
            .named(name), weights: SyntheticWeights(seed: 50), backend: backend)
    }

    private func images(_ configuration: CascadeConfiguration, count: Int) -> Tensor {
        SyntheticImages.batch(configuration.imageShape(batch: count), seed: 3)
    }

    @Test(arguments: ["tiny-deit", "tiny-t2t", "tiny-t2t-transformer", "mindspore-tiny"])
    func everyExitHasItsGrid(name: String) throws {
        let model = try model(name, on: ReferenceBackend())
        let stages = model.configuration.stages
        let explanation = try #require(
            try model.explain(images(model.configuration, count: 1), policy: .allExits).first)
        #expect(explanation.exits.map(\.grid) == stages.map(\.grid))
        #expect(explanation.exit == stages.count - 1)
        #expect(
            explanation.exits.map(\.multiplyAdds) == model.configuration.cumulativeMultiplyAdds)
        for exit in explanation.exits {
            #expect(exit.attention.count == exit.grid * exit.grid)
            #expect(exit.attention.allSatisfy { $0 > 0 })
            #expect(abs(exit.attention.reduce(0, +) - 1) < 1e-12)
            #expect(exit.top.count == 5)
            #expect(abs(exit.top[0].probability - exit.confidence) < 1e-6)
        }
    }

    /// The marked exit is the one that the cascade takes, image by image.
    @Test(arguments: [
        ExitPolicy.thresholds([0.3, 0.4]), .thresholds([0, 2]), .thresholds([2, 2]), .exit(0),
        .exit(1), .allExits,
    ])
    func marksTheTakenExit(policy: ExitPolicy) throws {
        let model = try model("tiny-deit", on: ReferenceBackend())
        let images = images(model.configuration, count: 5)
        let explanations = try model.explain(images, policy: policy, topK: 2)
        let predictions = try model.classify(images, policy: policy, topK: 2).predictions
        #expect(explanations.map(\.exit) == predictions.map(\.exit))
        for (explanation, prediction) in zip(explanations, predictions) {
            let seen = explanation.exits[prediction.exit]
            // Other batches change the order of sums at most.
            #expect(seen.top.map(\.classIndex) == prediction.top.map(\.classIndex))
            #expect(abs(seen.confidence - prediction.probability) < 1e-6)
            #expect(seen.multiplyAdds == prediction.multiplyAdds)
        }
    }

    /// The rollout uses the actual attention, including reused relations.
    @Test func includesReusedRelations() throws {
        let configuration = try TestCascades.cascade([7, 10])
        let model = try DynamicVisionTransformer(
            configuration, weights: SyntheticWeights(seed: 1), backend: ReferenceBackend())
        let images = images(configuration, count: 2)
        var rollout = AttentionRollout()
        _ = try model.logits(images) { name, tensor in
            if name.hasPrefix("stage1.block"), name.hasSuffix(".relation") {
                try? rollout.append(tensor)
            }
        }
        let explanations = try model.explain(images, policy: .allExits)
        #expect(explanations.map { $0.exits[1].attention } == rollout.attention())
        let plain = try DynamicVisionTransformer(
            configuration.reusing(features: true, relations: false),
            weights: SyntheticWeights(seed: 1), backend: ReferenceBackend())
        let others = try plain.explain(images, policy: .allExits)
        #expect(others[0].exits[0].attention == explanations[0].exits[0].attention)
        #expect(others[0].exits[1].attention != explanations[0].exits[1].attention)
    }

    @MainActor
    @Test(
        .enabled(if: TestDevice.isAvailable, Comment(rawValue: TestDevice.comment)),
        arguments: KernelStyle.allCases)
    func openCLMatchesTheReference(style: KernelStyle) throws {
        let reference = try model("tiny-deit", on: ReferenceBackend())
        let images = images(reference.configuration, count: 2)
        let expected = try reference.explain(images, policy: .allExits)
        let actual = try model("tiny-deit", on: TestDevice.makeBackend(style))
            .explain(images, policy: .allExits)
        for (one, other) in zip(actual, expected) {
            for (exit, expectedExit) in zip(one.exits, other.exits) {
                for (share, expectedShare) in zip(exit.attention, expectedExit.attention) {
                    #expect(abs(share - expectedShare) < 1e-5 * expectedShare + 1e-7)
                }
            }
        }
    }

    @Test func wrongImagesAndPoliciesAreRefused() throws {
        let model = try model("tiny-deit", on: ReferenceBackend())
        let images = images(model.configuration, count: 1)
        #expect(throws: ModelError.self) {
            try model.explain(images, policy: .thresholds([0.5]))
        }
        #expect(throws: ModelError.self) {
            try model.explain(Tensor([1, 3, 8, 8], repeating: 0), policy: .allExits)
        }
        let none = Tensor(model.configuration.imageShape(batch: 0), values: [])
        #expect(try model.explain(none, policy: .allExits).isEmpty)
    }

    @Test func nonFiniteOutputsAreRefused() throws {
        let model = try model("tiny-deit", on: ReferenceBackend())
        var images = images(model.configuration, count: 2)
        images.values[images.values.count - 1] = .nan
        #expect(throws: ModelError.notFinite(exit: 0, image: 1)) {
            try model.explain(images, policy: .allExits)
        }
    }

    @Test func tokensCoverTheirPatches() throws {
        let stages = try CascadeConfiguration.named("dvt-deit-small").stages
        #expect(stages[0].tokenSpans == squares(7, side: 32))
        // Patches of 23 with 3 pixels of padding at either edge.
        let padded = stages[1].tokenSpans
        #expect(padded.count == 10)
        #expect(padded[0] == 0..<20 && padded[1] == 20..<43 && padded[9] == 204..<224)
        let even = try CascadeConfiguration.named("t2t-vit-12").stages[0].tokenSpans
        #expect(even == squares(14, side: 16))
    }

    /// Patches of 12 every 6 pixels: cells meet halfway between the centers 4, 10, 16, 22 and 28.
    @Test func overlappingPatchesMeetHalfway() {
        var stage = VisionTransformerConfiguration(
            patch: PatchGeometry(kernel: 12, stride: 6, padding: 2), width: 64, depth: 1, heads: 2)
        stage.imageSize = 32
        #expect(stage.tokenSpans == [0..<7, 7..<13, 13..<19, 19..<25, 25..<32])
        #expect(stage.tokensOverlap && stage.tokenWindow == 12)
    }

    /// Three soft splits, of 7, 3 and 3 with strides of 4, 2 and 2: 7 + 2 * 4 + 2 * 8 pixels.
    @Test func tokensOfSoftSplitsSeeTheirWindows() throws {
        let stage = try CascadeConfiguration.named("t2t-vit-12").stages[0]
        #expect(stage.tokensOverlap && stage.tokenWindow == 31)
        let plain = try CascadeConfiguration.named("deit-small").stages[0]
        #expect(!plain.tokensOverlap && plain.tokenWindow == 16)
    }

    private func squares(_ count: Int, side: Double) -> [Range<Double>] {
        (0..<count).map { index in
            let start = Double(index) * side
            return start..<start + side
        }
    }
}

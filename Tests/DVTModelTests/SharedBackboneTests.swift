import DVTCore
import DVTEvaluation
import DVTModel
import DVTReference
import DVTTestSupport
import Testing

/// Cascades of one plain model on images of several sizes.
@Suite struct SharedBackboneTests {
    private let backend = ReferenceBackend()

    private func plain(_ side: Int = 24, pooling: Pooling = .classToken) throws
        -> CascadeConfiguration
    {
        var stage = VisionTransformerConfiguration(
            patch: PatchGeometry(kernel: 4), width: 32, depth: 2, heads: 2, classes: 5)
        stage.imageSize = side
        stage.pooling = pooling
        return try CascadeConfiguration([stage], name: "plain")
    }

    /// Every exit is the plain model, run alone on the image at that size.
    @Test(arguments: [Pooling.classToken, .classTokenAndAverage])
    func exitsEqualThePlainModel(pooling: Pooling) throws {
        let plain = try plain(pooling: pooling)
        let file = CheckpointWeights(
            MemoryFile(plain, naming: .timm), resamplingPositions: true)
        let cascade = try plain.cascade(ofSizes: [8, 16, 24])
        #expect(cascade.name == "plain-8-16-24" && cascade.imageSize == 24)
        let model = try DynamicVisionTransformer(
            cascade, weights: StageWeights(file, ofEveryStageOf: cascade), backend: backend)
        let images = SyntheticImages.batch(cascade.imageShape(batch: 3), seed: 4)
        let exits = try model.logits(images)
        for (side, logits) in zip([8, 16, 24], exits) {
            let alone = try DynamicVisionTransformer(
                plain.resized(to: side), weights: file, backend: backend)
            let resized = try backend.resizedImages(backend.upload(images), to: side)
            #expect(try [logits] == alone.logits(backend.download(resized)))
        }
        try CascadeCheck(
            DynamicVisionTransformer(
                cascade, weights: StageWeights(file, ofEveryStageOf: cascade),
                backend: RecordingBackend(backend)), images, tolerance: 0
        ).run()
    }

    /// Only positions and heads exist once per stage.
    @Test func weightsExistOnce() throws {
        let plain = try plain()
        let cascade = try plain.cascade(ofSizes: [8, 24])
        let own = cascade.parameters.filter { $0.stage == 1 }.map(\.name)
        #expect(own == ["pos_embed", "head.weight", "head.bias"])
        #expect(cascade.parameters.count == plain.parameters.count + 3)
        let relations = try cascade.reusing(features: false, relations: true)
        #expect(relations.parameters.count { $0.isOfReuse } == 4)
    }

    @Test func theCardDescribesIt() throws {
        var card = ModelCard(try plain().cascade(ofSizes: [8, 16, 24]))
        card.thresholds = [0.5, 0.75]
        let read = try ModelCard(json: Array(card.json.utf8), origin: "card")
        #expect(read == card)
        #expect(read.configuration.sharesBackbone)
        #expect(read.configuration.stages.map(\.imageSize) == [8, 16, 24])
        // Also of stages with weights of their own.
        let stages = """
            {"image_size": 24, "stages": [
              {"patch": 4, "width": 32, "depth": 1, "heads": 2, "image_size": 16},
              {"patch": 4, "width": 32, "depth": 1, "heads": 2}]}
            """
        let mixed = try ModelCard(json: Array(stages.utf8), origin: "stages").configuration
        #expect(mixed.stages.map(\.imageSize) == [16, 24] && !mixed.sharesBackbone)
        #expect(mixed.featureReuse && mixed.imageShape(batch: 2) == [2, 3, 24, 24])
    }

    @Test func refusesWhatCannotBeShared() throws {
        let plain = try plain()
        let cascade = try plain.cascade(ofSizes: [8, 24])
        func expectFault(_ text: String, _ body: () throws -> CascadeConfiguration) {
            let error = #expect(throws: ModelError.self) { _ = try body() }
            #expect(error?.description.contains(text) == true, "\(String(describing: error))")
        }
        expectFault("cannot reuse features") {
            try cascade.reusing(features: true, relations: false)
        }
        expectFault("ascending") { try plain.cascade(ofSizes: [24, 8]) }
        expectFault("whole patches") { try plain.cascade(ofSizes: [8, 26]) }
        expectFault("has 2 stages") { try cascade.cascade(ofSizes: [8, 24]) }
        expectFault("[8, 24] pixels already") { try cascade.resized(to: 16) }
        expectFault("differs from stage 1") {
            var stages = cascade.stages
            stages[1].depth = 3
            return try CascadeConfiguration(
                stages, featureReuse: false, relationReuse: false, sharesBackbone: true)
        }
    }
}

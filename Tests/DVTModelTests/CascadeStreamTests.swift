import DVTCore
import DVTEvaluation
import DVTModel
import DVTOpenCL
import DVTReference
import DVTTestSupport
import Testing

/// Compares streams with one batch of the same images.
@Suite struct CascadeStreamTests {
    private func model(
        _ configuration: CascadeConfiguration, weights: some ParameterSource
    ) throws -> DynamicVisionTransformer<RecordingBackend<ReferenceBackend>> {
        try DynamicVisionTransformer(
            configuration, weights: weights, backend: RecordingBackend(ReferenceBackend()))
    }

    private func model(
        _ configuration: CascadeConfiguration
    ) throws -> DynamicVisionTransformer<RecordingBackend<ReferenceBackend>> {
        try model(configuration, weights: SyntheticWeights(seed: 2))
    }

    private func images(_ configuration: CascadeConfiguration, _ count: Int) -> Tensor {
        SyntheticImages.batch(configuration.imageShape(batch: count), seed: 4)
    }

    @Test(arguments: TestCascades.grids, [1, 2, 3, 5, 17])
    func equalsOneBatch(grids: [Int], batch: Int) throws {
        let configuration = try TestCascades.cascade(grids)
        let check = try StreamCheck(model(configuration), images(configuration, 19), tolerance: 0)
        try check.run(batch: batch, submitting: batch)
    }

    /// Partial batches wait before the first stage; larger ones are split.
    @Test(arguments: [1, 2, 3, 7, 19])
    func acceptsAnyNumberOfImagesAtOnce(count: Int) throws {
        let configuration = try TestCascades.cascade([4, 7, 10])
        let check = try StreamCheck(model(configuration), images(configuration, 19), tolerance: 0)
        try check.run(batch: 3, submitting: count)
    }

    @Test(arguments: [(true, false), (false, true), (false, false)])
    func reuseCanBeOff(features: Bool, relations: Bool) throws {
        let configuration = try TestCascades.cascade(
            [7, 10, 14], featureReuse: features, relationReuse: relations)
        let check = try StreamCheck(model(configuration), images(configuration, 11), tolerance: 0)
        for batch in [2, 3] {
            try check.run(batch: batch, submitting: batch)
        }
    }

    /// No image waits if all exit, and none is copied if all continue.
    @Test(arguments: [(Float(0), [6, 0, 0]), (Float(2), [6, 6, 6])])
    func nothingIsCopiedWhenAllOrNoneExit(threshold: Float, rows: [Int]) throws {
        let configuration = try TestCascades.cascade([4, 7, 10])
        let model = try model(configuration)
        let stream = try CascadeStream(
            model, batch: 3, policy: .thresholds([threshold, threshold]))
        model.backend.reset()
        for half in 0..<2 {
            let finished = try stream.submit(images(configuration, 3))
            #expect(finished.map(\.index) == Array(3 * half..<3 * half + 3))
        }
        #expect(try stream.flush().isEmpty)
        #expect(stream.stageRows == rows)
        #expect(model.backend.batches("gather").isEmpty)
    }

    /// Survivors are copied once per tensor: images, features and relations.
    @Test func survivorsAreCopiedOnce() throws {
        let configuration = try TestCascades.cascade([4, 7])
        let model = try model(configuration)
        let images = images(configuration, 4)
        let visits = try model.classify(images, policy: .allExits).predictions.map(\.visits)
        let stream = try CascadeStream(
            model, batch: 4, policy: .thresholds(ExitPlan(visits).thresholds))
        model.backend.reset()
        #expect(try stream.submit(images).count == 2)
        #expect(model.backend.batches("gather") == [2, 2, 2])
        #expect(try stream.submit(images).count == 6)
        #expect(model.backend.batches("gather") == Array(repeating: 2, count: 6))
        #expect(model.backend.batches("confidence") == [4, 4, 4])
    }

    @Test func anEmptyStreamFinishesNothing() throws {
        let configuration = try TestCascades.cascade([7, 14])
        let model = try model(configuration)
        let stream = try CascadeStream(model, batch: 2, policy: .thresholds([0.5]))
        model.backend.reset()
        #expect(try stream.flush().isEmpty)
        #expect(try stream.submit(images(configuration, 0)).isEmpty)
        #expect(try stream.flush().isEmpty)
        #expect(stream.stageRows == [0, 0])
        #expect(model.backend.calls.isEmpty)
    }

    @Test func continuesAfterAFlush() throws {
        let configuration = try TestCascades.cascade([7, 14])
        let stream = try CascadeStream(
            model(configuration), batch: 4, policy: .thresholds([2]))
        let images = images(configuration, 1)
        for index in 0..<3 {
            #expect(try stream.submit(images).isEmpty)
            #expect(try stream.flush().map(\.index) == [index])
        }
    }

    @Test func refusesMismatchedPoliciesAndImages() throws {
        let configuration = try TestCascades.cascade([7, 14])
        let model = try model(configuration)
        #expect(throws: ModelError.self) {
            try CascadeStream(model, batch: 2, policy: .thresholds([]))
        }
        let stream = try CascadeStream(model, batch: 2, policy: .allExits)
        for shape in [[1, 3, 55, 55], []] as [Shape] {
            #expect(throws: ModelError.self) { try stream.submit(Tensor(shape, repeating: 0)) }
        }
    }

    @Test func namesTheImageOfANaN() throws {
        let configuration = try TestCascades.cascade([7, 14])
        let stream = try CascadeStream(
            model(configuration), batch: 2, policy: .thresholds([2]))
        let good = images(configuration, 1)
        for index in 0..<5 {
            #expect(try stream.submit(good).count == (index % 2 == 1 ? 2 : 0))
        }
        var bad = good
        bad.values[0] = .nan
        #expect(throws: ModelError.notFinite(exit: 0, image: 5)) { try stream.submit(bad) }
        // The fifth image waited with it and is lost; the stream itself continues.
        #expect(try stream.submit(good).isEmpty)
        #expect(try stream.flush().map(\.index) == [6])
    }

    /// The named image waited at the second stage, behind an earlier one.
    @Test func namesTheImageOfANaNAtALaterExit() throws {
        let configuration = try TestCascades.cascade([7, 14])
        let images = images(configuration, 4)
        let visits = try model(configuration).classify(images, policy: .allExits).predictions
            .map(\.visits)
        let plan = ExitPlan(visits)
        let model = try model(configuration, weights: WeightsWithNaN(stage: 1))
        let stream = try CascadeStream(
            model, batch: 4, policy: .thresholds(plan.thresholds))
        _ = try stream.submit(images)
        let first = try #require(plan.exits.firstIndex(of: 1))
        #expect(throws: ModelError.notFinite(exit: 1, image: first)) {
            try stream.submit(images)
        }
    }
}

/// The same tests on OpenCL, whose order of sums may depend on the batch.
@MainActor
@Suite(.enabled(if: TestDevice.isAvailable, Comment(rawValue: TestDevice.comment)))
struct OpenCLCascadeStreamTests {
    @Test(arguments: TestCascades.grids, KernelStyle.allCases)
    func equalsOneBatch(grids: [Int], style: KernelStyle) throws {
        let backend = RecordingBackend(try TestDevice.makeBackend(style))
        for (features, relations) in [(true, true), (true, false), (false, true), (false, false)] {
            let configuration = try TestCascades.cascade(
                grids, featureReuse: features, relationReuse: relations)
            let model = try DynamicVisionTransformer(
                configuration, weights: SyntheticWeights(seed: 2), backend: backend)
            // Eight images still take every exit, and fill batches of all sizes but the largest.
            let count = features && relations ? 19 : 8
            let images = SyntheticImages.batch(configuration.imageShape(batch: count), seed: 4)
            let check = try StreamCheck(model, images, tolerance: 1e-6)
            for batch in [1, 2, 3, 5, 17] {
                try check.run(batch: batch, submitting: batch)
            }
            try check.run(batch: 5, submitting: 2)
        }
    }
}

/// Runs images as a stream and compares every image's prediction with that of one batch.
private struct StreamCheck<Base: Backend> {
    private let model: DynamicVisionTransformer<RecordingBackend<Base>>
    private let images: Tensor
    private let policy: ExitPolicy
    private let expected: CascadeResult
    private let tolerance: Float
    private let topK = 5

    init(
        _ model: DynamicVisionTransformer<RecordingBackend<Base>>, _ images: Tensor,
        tolerance: Float
    ) throws {
        self.model = model
        self.images = images
        self.tolerance = tolerance
        let visits = try model.classify(images, policy: .allExits).predictions.map(\.visits)
        let plan = ExitPlan(visits)
        policy = .thresholds(plan.thresholds)
        expected = try model.classify(images, policy: policy, topK: topK)
        #expect(expected.predictions.map(\.exit) == plan.exits)
    }

    func run(batch: Int, submitting count: Int) throws {
        let stream = try CascadeStream(model, batch: batch, policy: policy, topK: topK)
        model.backend.reset()
        var finished: [FinishedImage] = []
        let size = images.shape.withBatch(1).elementCount
        for start in stride(from: 0, to: images.shape[0], by: count) {
            let end = min(start + count, images.shape[0])
            let part = Tensor(
                images.shape.withBatch(end - start),
                values: Array(images.values[start * size..<end * size]))
            finished += try stream.submit(part)
        }
        finished += try stream.flush()
        #expect(stream.stageRows == expected.stageRows)
        compareBatches(batch)
        #expect(finished.map(\.index).sorted() == Array(0..<images.shape[0]))
        for image in finished {
            compare(image.prediction, expected.predictions[image.index])
        }
    }

    /// Every batch except the last of each stage was full.
    private func compareBatches(_ batch: Int) {
        let expected = expected.stageRows.flatMap { rows in
            Array(repeating: batch, count: rows / batch) + (rows % batch > 0 ? [rows % batch] : [])
        }
        for name in ["patchEmbed", "confidence"] {
            #expect(model.backend.batches(name).sorted() == expected.sorted(), "\(name)")
        }
    }

    private func compare(_ actual: Prediction, _ expected: Prediction) {
        #expect(actual.exit == expected.exit && actual.multiplyAdds == expected.multiplyAdds)
        for (a, b) in [(actual.visits, expected.visits), (actual.top, expected.top)] {
            #expect(a.map(\.classIndex) == b.map(\.classIndex))
            let distances = zip(a, b).map { abs($0.probability - $1.probability) }
            #expect(distances.allSatisfy { $0 <= tolerance }, "\(distances)")
        }
    }
}

/// Weights from a seed, with a NaN in one stage's head.
private struct WeightsWithNaN: ParameterSource {
    let stage: Int
    private let base = SyntheticWeights(seed: 2)

    init(stage: Int) {
        self.stage = stage
    }

    func check(_ configuration: CascadeConfiguration) {}

    func tensor(
        _ parameter: ParameterSpecification, of configuration: CascadeConfiguration
    ) -> Tensor {
        var tensor = base.tensor(parameter, of: configuration)
        if parameter.stage == stage, parameter.name == "head.bias" {
            tensor.values[0] = .nan
        }
        return tensor
    }
}

import DVTCheckpoints
import DVTCore
import DVTEvaluation
import DVTModel
import DVTOpenCL
import DVTParity
import DVTReference
import DVTTestSupport
import Testing

/// Compares the tiny cascades with results of the authors' code: PyTorch in float64, MindSpore in
/// float32.
@Suite struct ParityTests {
    /// The names of models and of reuse settings in file names.
    static let traced = ["tiny_deit", "tiny_t2t", "tiny_t2t_transformer"]
    static let models = traced + ["mindspore_tiny"]
    static let settings = ["f0r0", "f0r1", "f1r0", "f1r1"]

    private func check(
        _ backend: some Backend, model: String, setting: String, path: String, sums: SumPrecision,
        layers: Bool
    ) throws {
        let file = try SafetensorsFile(path: path)
        let name = model.replacing("_", with: "-")
        let configuration = try CascadeConfiguration.named(name).reusing(
            features: setting.contains("f1"), relations: setting.contains("r1"))
        let run = ParityRun(
            configuration, weights: SyntheticWeights(seed: 1),
            images: SyntheticImages.batch(configuration.imageShape(batch: 2), seed: 1),
            includesLayers: layers)
        let comparisons = try ParityExpectation(file).compare(
            run.outputs(on: backend), sums: sums)
        #expect(comparisons.count == (layers ? 26 : configuration.stages.count))
        for comparison in comparisons {
            #expect(
                comparison.passes,
                "\(comparison.name): \(comparison.distance) exceeds \(comparison.tolerance)")
        }
    }

    @Test(arguments: models, settings)
    func referenceEqualsTheAuthors(model: String, setting: String) throws {
        let path = ReferenceFiles.committed("\(model)_\(setting)_s1.safetensors")
        try check(
            ReferenceBackend(), model: model, setting: setting, path: path, sums: .double,
            layers: false)
    }

    @MainActor
    @Test(
        .enabled(if: TestDevice.isAvailable, Comment(rawValue: TestDevice.comment)),
        arguments: models, KernelStyle.allCases)
    func openCLEqualsTheAuthors(model: String, style: KernelStyle) throws {
        for setting in Self.settings {
            let path = ReferenceFiles.committed("\(model)_\(setting)_s1.safetensors")
            try check(
                TestDevice.makeBackend(style), model: model, setting: setting, path: path,
                sums: .float32, layers: false)
        }
    }

    @Test(
        .enabled(if: ReferenceFiles.areAvailable, Comment(rawValue: ReferenceFiles.comment)),
        arguments: traced)
    func referenceEqualsTheAuthorsBlockByBlock(model: String) throws {
        let path = ReferenceFiles.path("\(model)_f1r1_s1.safetensors")
        try check(
            ReferenceBackend(), model: model, setting: "f1r1", path: path, sums: .double,
            layers: true)
    }

    @MainActor
    @Test(
        .enabled(
            if: ReferenceFiles.areAvailable && TestDevice.isAvailable,
            Comment(rawValue: "\(ReferenceFiles.comment), or \(TestDevice.comment)")),
        arguments: traced, KernelStyle.allCases)
    func openCLEqualsTheAuthorsBlockByBlock(model: String, style: KernelStyle) throws {
        let path = ReferenceFiles.path("\(model)_f1r1_s1.safetensors")
        try check(
            TestDevice.makeBackend(style), model: model, setting: "f1r1", path: path,
            sums: .float32,
            layers: true)
    }
}

@Suite struct SyntheticImagesTests {
    /// 384 and 30 are not multiples of the 14 coarse cells.
    @Test(arguments: [1, 13, 14, 30, 224, 384])
    func imagesOfAnySizeAreGenerated(size: Int) {
        let images = SyntheticImages.batch([1, 3, size, size], seed: 1)
        #expect(images.shape == [1, 3, size, size])
        #expect(images.values.allSatisfy { abs($0) <= 0.75 })
    }

    /// Neighbors within a cell differ only by the fine part, which is within +-0.25.
    @Test func cellsHaveOneColor() {
        let images = SyntheticImages.batch([1, 1, 28, 28], seed: 1)
        for row in stride(from: 0, to: 28, by: 2) {
            #expect(abs(images.values[row * 28] - images.values[(row + 1) * 28 + 1]) <= 0.5)
        }
    }
}

@Suite struct DistanceTests {
    @Test func measuresBothNorms() throws {
        let distance = try Distance(
            Tensor([2], values: [3, 5]), from: Tensor([2], values: [3, 4]))
        #expect(distance.relativeL2 == 0.2)
        #expect(distance.largestError == 1)
    }

    @Test func zeroEqualsZero() throws {
        let zero = Tensor([2], repeating: 0)
        #expect(try Distance(zero, from: zero).relativeL2 == 0)
        let off = try Distance(Tensor([2], repeating: 1), from: zero)
        #expect(off.relativeL2 == .infinity)
    }

    @Test(arguments: [0, 1])
    func aNaNNeverPasses(position: Int) throws {
        var values: [Float] = [1, 1]
        values[position] = .nan
        let distance = try Distance(
            Tensor([2], values: values), from: Tensor([2], repeating: 1))
        let comparison = ParityComparison(
            deviceName: "", name: "", distance: distance, tolerance: .infinity)
        #expect(!comparison.passes)
        #expect(distance.largestError.isNaN)
    }

    @Test func shapesMustAgree() {
        #expect(throws: ShapeError.self) {
            try Distance(Tensor([2], repeating: 0), from: Tensor([1, 2], repeating: 0))
        }
    }
}

@Suite struct DecisionTests {
    private func outputs(_ confidences: [Float]) -> ParityOutputs {
        ParityOutputs(deviceName: "", logits: [], confidences: confidences.map { [$0] }, layers: [])
    }

    /// The first exit whose confidence reaches the threshold, or the last.
    @Test func exitsFollowTheConfidences() {
        let outputs = outputs([0.7, 0.5, 0.2])
        #expect(outputs.exits(threshold: 0.7) == [0])
        #expect(outputs.exits(threshold: 0.75) == [2])
        #expect(outputs.exits(threshold: 0.5) == [0])
        #expect(self.outputs([0.1, 0.5, 0.2]).exits(threshold: 0.5) == [1])
    }

    @Test func countsTheThresholdsThatDiffer() {
        let comparison = DecisionComparison(outputs([0.731, 0.2]), outputs([0.881, 0.2]))
        // 0.75, 0.80 and 0.85 lie between.
        #expect(comparison.decisions == 19)
        #expect(comparison.differing == 3)
    }
}

@Suite struct ExpectationTests {
    private func outputs(_ names: [String]) -> ParityOutputs {
        ParityOutputs(
            deviceName: "there", logits: [], confidences: [],
            layers: names.map { (name: $0, tensor: Tensor([1], repeating: 1)) })
    }

    private struct File: NamedTensors {
        let metadata: [String: String]
        let origin = "file"
        let shapes: [String: Shape] = ["logits0": [1], "a": [1]]

        func tensor(named name: String) throws -> Tensor { Tensor([1], repeating: 1) }
    }

    /// Tolerances of the file, the defaults, float32's limits; and those of rounded weights.
    @Test func tolerancesDependOnTheComparison() throws {
        func tolerances(
            _ metadata: [String: String], sums: SumPrecision, roundoff: Double = 0
        ) throws -> [Double] {
            try ParityExpectation(File(metadata: metadata), weightRoundoff: roundoff)
                .compare(outputs(["logits0", "a"]), sums: sums).map(\.tolerance)
        }
        let measured = ["a.float32_relative_l2": "1e-7"]
        #expect(try tolerances(measured, sums: .double) == [1.2e-6, 1e-7])
        #expect(try tolerances(measured, sums: .float32) == [4.8e-6, 4e-7])
        let float32 = ["precision": "float32"]
        #expect(try tolerances(float32, sums: .double) == [1.5e-6, 1.5e-6])
        #expect(try tolerances(float32, sums: .float32) == [4e-6, 4e-6])
        #expect(
            try tolerances(float32, sums: .double, roundoff: 0x1p-11) == [
                0x1p-9 + 1.5e-6, 0x1p-9 + 1.5e-6,
            ])
    }

    /// A tensor without an expected counterpart is an error; otherwise it would pass unchecked.
    @Test func everyTensorNeedsACounterpart() throws {
        let expectation = ParityExpectation(outputs(["a"]))
        #expect(try expectation.compare(outputs(["a"]), sums: .float32).map(\.passes) == [true])
        #expect(throws: ParityError.missing(name: "b", origin: "there")) {
            try expectation.compare(outputs(["a", "b"]), sums: .float32)
        }
    }
}

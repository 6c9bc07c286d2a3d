import DVTCheckpoints
import DVTCore
import DVTModel
import DVTReference
import DVTTestSupport
import Testing

@testable import DVTTraining

/// The initial weights of a training run.
struct InitializationTests {
    @Test func randomWeightsHaveTheirDeviation() throws {
        let configuration = try TrainingLossTests.cascade()
        for parameter in configuration.parameters {
            let tensor = RandomWeights(seed: 3).tensor(parameter, of: configuration)
            #expect(tensor.shape == parameter.shape)
            let largest = tensor.values.map(abs).max() ?? 0
            switch parameter.name {
            case let name where name.hasSuffix("bias"): #expect(largest == 0)
            case "cls_token", "pos_embed": #expect(largest > 0.02 && largest < 0.035)
            case let name where parameter.shape.rank == 1:
                #expect(tensor.values.allSatisfy { $0 == 1 }, "\(name)")
            default:
                let fanIn = Double(parameter.shape.elementCount / parameter.shape[0])
                #expect(Double(largest) <= 1 / fanIn.squareRoot())
                #expect(Double(largest) > 0.8 / fanIn.squareRoot())
            }
        }
    }

    @Test func performersStartOrthogonal() throws {
        let configuration = try CascadeConfiguration.named("tiny-t2t")
        let features = try #require(configuration.parameters.first { $0.name.hasSuffix(".w") })
        let w = RandomWeights(seed: 3).tensor(features, of: configuration)
        let width = w.shape[1]
        for (a, b) in [(0, 0), (0, 1), (5, 31), (31, 31)] {
            let product = (0..<width).reduce(0.0) {
                $0 + Double(w.values[a * width + $1]) * Double(w.values[b * width + $1])
            }
            #expect(abs(product - (a == b ? 32 : 0)) < 1e-4)
        }
        let positions = try #require(configuration.parameters.first { $0.name == "pos_embed" })
        let table = RandomWeights(seed: 3).tensor(positions, of: configuration)
        // sin 0 and cos 0, then sin 1.
        #expect(table.values[0] == 0 && table.values[1] == 1)
        #expect(abs(table.values[table.shape[2]] - 0.841471) < 1e-6)
    }

    @Test func adaptsHeadAndPositions() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/old.safetensors"
        let old = try TrainingLossTests.cascade()
        try Trainer(
            ModelCard(old), recipe: TrainingLossTests.recipe, weights: SyntheticWeights(seed: 1),
            backend: ReferenceBackend()
        ).saveWeights(to: path)
        let new = try TrainingLossTests.cascade(imageSize: 48, classes: 3)
        let source = try AdaptedWeights(
            CheckpointWeights(SafetensorsFile(path: path)), otherwise: RandomWeights(seed: 1))
        try source.check(new)
        let changes = try source.changes(for: new)
        #expect(changes.count == 6)
        #expect(changes.contains { $0.contains("pos_embed") && $0.contains("resampled") })
        let positions = try #require(new.parameters.first { $0.name == "pos_embed" })
        let former = try #require(old.parameters.first { $0.name == "pos_embed" })
        let before = SyntheticWeights(seed: 1).tensor(former, of: old)
        let after = try source.tensor(positions, of: new)
        #expect(after.shape == [1, 37, 32])
        // The class token's position is kept; weights of each cell sum to 1, so the mean is nearly
        // kept.
        #expect(after.values[..<32] == before.values[..<32])
        _ = try TrainableCascade(new, weights: source, backend: ReferenceBackend())
    }

    /// Tensors that the model has no place for are said, with what their names show.
    @Test func tensorsWithoutAPlaceAreReported() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/old.safetensors"
        let model = try TrainingLossTests.cascade()
        try Trainer(
            ModelCard(model), recipe: TrainingLossTests.recipe, weights: SyntheticWeights(seed: 1),
            backend: ReferenceBackend()
        ).saveWeights(to: path)
        let file = try SafetensorsFile(path: path)
        let extra = "normal_token.blocks.0.attn.q_norm.weight"
        let tensors = try file.shapes.keys.sorted().map { ($0, try file.tensor(named: $0)) }
        try SafetensorsWriter.write(tensors + [(extra, Tensor([1], values: [1]))], to: path)
        let source = try AdaptedWeights(
            CheckpointWeights(SafetensorsFile(path: path)), otherwise: RandomWeights(seed: 1))
        #expect(
            try source.changes(for: model) == [
                """
                "\(extra)" has no place in the model and is not used; its network has LayerNorms of \
                queries and keys (qk-norm), which dvt does not compute
                """
            ])
    }

    @Test func refusesAnotherModel() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/old.safetensors"
        try Trainer(
            ModelCard(TrainingLossTests.cascade()), recipe: TrainingLossTests.recipe,
            weights: SyntheticWeights(seed: 1), backend: ReferenceBackend()
        ).saveWeights(to: path)
        let source = try AdaptedWeights(
            CheckpointWeights(SafetensorsFile(path: path)), otherwise: RandomWeights(seed: 1))
        let error = #expect(throws: TrainingError.self) {
            try source.check(.named("tiny-deit"))
        }
        #expect(error?.description.contains("only heads and positions are adapted") == true)
    }
}

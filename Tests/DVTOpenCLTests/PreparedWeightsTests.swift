import DVTCore
import DVTModel
import DVTReference
import DVTTestSupport
import Testing

@testable import DVTOpenCL

/// Weights are packed and folded when a model is built, and again after they have changed.
@MainActor @Suite struct PreparedWeightsTests {
    private static let preparing: Set = [
        "pack_panels", "pack_rows", "stack_layer", "pad_rows",
    ]

    @Test(arguments: KernelStyle.allCases)
    func theFirstRunPreparesNothing(style: KernelStyle) throws {
        let backend = try TestDevice.makeBackend(style)
        let configuration = try CascadeConfiguration.named("tiny-deit")
        let building = try backend.profileKernels {
            _ = try DynamicVisionTransformer(
                configuration, weights: SyntheticWeights(seed: 1), backend: backend)
        }
        #expect(building.contains { $0.name == "stack_layer" })
        let model = try DynamicVisionTransformer(
            configuration, weights: SyntheticWeights(seed: 1), backend: backend)
        let images = Tensor.uniform(configuration.imageShape(batch: 2), name: "images", seed: 1)
        let running = try backend.profileKernels { _ = try model.logits(images) }
        #expect(Self.preparing.isDisjoint(with: running.map(\.name)))
    }

    @Test(arguments: KernelStyle.allCases)
    func layersFollowChangedWeights(style: KernelStyle) throws {
        let backend = try TestDevice.makeBackend(style)
        let x = try backend.upload(.uniform([5, 24], name: "x", seed: 1))
        let weight = try backend.upload(.uniform([40, 24], name: "weight", seed: 1))
        let other = Tensor.uniform([40, 24], name: "other", seed: 1)
        let layer = try backend.makeLinear(LinearParameters(weight: weight, bias: nil))
        // An average with a decay of 0 is the other tensor.
        try backend.updateAverage(weight, with: backend.upload(other), decay: 0)
        let changed = try backend.linear(x, layer, activation: .identity, residual: nil)
        let fresh = try backend.makeLinear(
            LinearParameters(weight: backend.upload(other), bias: nil))
        let expected = try backend.linear(x, fresh, activation: .identity, residual: nil)
        #expect(try backend.download(changed) == backend.download(expected))
    }

    /// The backward pass multiplies by the transposed weight, which is a copy.
    @Test(arguments: KernelStyle.allCases)
    func gradientsFollowChangedWeights(style: KernelStyle) throws {
        let backend = try TestDevice.makeBackend(style)
        let dy = try backend.upload(.uniform([5, 40], name: "dy", seed: 1))
        let weight = try backend.upload(.uniform([40, 24], name: "weight", seed: 1))
        let layer = try backend.makeLinear(LinearParameters(weight: weight, bias: nil))
        let before = try backend.download(backend.linearInputGradient(dy, layer))
        try backend.updateAverage(
            weight, with: backend.upload(Tensor([40, 24], repeating: 0)), decay: 0.5)
        let after = try backend.download(backend.linearInputGradient(dy, layer))
        #expect(after.values == before.values.map { $0 / 2 })
    }
}

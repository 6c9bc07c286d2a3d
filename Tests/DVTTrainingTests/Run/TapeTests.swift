import DVTAutodiff
import DVTCore
import DVTModel
import DVTReference
import DVTTraining
import Testing

/// Regularization and gradient stops on a tape.
struct TapeTests {
    private let base = ReferenceBackend()

    private func tape(
        dropout: Float = 0, stochasticDepth: Float = 0
    ) -> GradientTape<ReferenceBackend> {
        let tape = GradientTape(base)
        tape.regularization = TapeRegularization(
            dropout: dropout, stochasticDepth: stochasticDepth)
        return tape
    }

    private func identity(
        _ width: Int, on tape: GradientTape<ReferenceBackend>
    ) throws -> (weight: TapeTensor<ReferenceBackend>, layer: TapeLinear<ReferenceBackend>) {
        let values = (0..<width * width).map { Float($0 % (width + 1) == 0 ? 1 : 0) }
        let weight = tape.parameter(base.upload(Tensor([width, width], values: values)))
        return (weight, try tape.makeLinear(LinearParameters(weight: weight, bias: nil)))
    }

    /// With the full rate of 0.5 a branch is dropped for half of the images and doubled for the
    /// others; with a share of 0 it is kept for all.
    @Test func stochasticDepthDropsBranches() throws {
        let (images, width) = (400, 4)
        let tape = tape(stochasticDepth: 0.5)
        let (weight, layer) = try identity(width, on: tape)
        let x = tape.constant(base.upload(Tensor([images, width], repeating: 1)))
        let residual = tape.parameter(base.upload(Tensor([images, width], repeating: 1)))
        for (block, kept) in [(0, 400...400), (1, 160...240)] {
            tape.reseed(3)
            let y = try tape.addBranch(x, layer, to: residual, dropPath: Float(block))
            let values = try tape.download(y).values
            let factor: Float = block == 0 ? 2 : 3
            for image in 0..<images {
                let row = values[image * width..<(image + 1) * width]
                #expect(row.allSatisfy { $0 == row.first! })
                #expect(row.first == 1 || row.first == factor)
            }
            #expect(kept.contains(values.count { $0 == factor } / width))
            weight.clearGradient()
            residual.clearGradient()
            try tape.backward(from: [(y, base.upload(Tensor([images, width], repeating: 1)))])
            let gradient = try #require(weight.gradient)
            // Each kept row of ones adds its factor minus the residual's 1.
            let sum = Float(values.count { $0 == factor } / width) * (factor - 1)
            #expect(base.download(gradient).values.allSatisfy { $0 == sum })
            #expect(base.download(residual.gradient!).values.allSatisfy { $0 == 1 })
        }
    }

    @Test func nothingIsDroppedOutsideBranches() throws {
        let tape = tape(dropout: 0.5, stochasticDepth: 0.5)
        let x = tape.constant(base.upload(Tensor([8, 4], repeating: 1)))
        let y = try tape.linear(x, identity(4, on: tape).layer, activation: .identity, residual: x)
        #expect(try tape.download(y).values.allSatisfy { $0 == 2 })
    }

    @Test func dropoutUsesOneMaskInBothPasses() throws {
        let tape = tape(dropout: 0.25)
        let x = tape.parameter(base.upload(Tensor([100, 40], repeating: 1)))
        let layer = try identity(40, on: tape).layer
        let y = try tape.dropout(tape.linear(x, layer, activation: .gelu, residual: nil))
        let values = try tape.download(y).values
        let cleared = values.count { $0 == 0 }
        #expect((900...1100).contains(cleared))
        try tape.backward(from: [(y, base.upload(Tensor([100, 40], repeating: 1)))])
        let gradient = base.download(try #require(x.gradient)).values
        #expect(zip(gradient, values).allSatisfy { ($0 == 0) == ($1 == 0) })
    }

    @Test func equalSeedsDrawAlike() throws {
        let tape = tape(stochasticDepth: 0.5)
        let layer = try identity(4, on: tape).layer
        let x = tape.constant(base.upload(Tensor([64, 4], repeating: 1)))
        let draws = try [1, 1, 2].map { (seed: UInt64) in
            tape.reseed(seed)
            return try tape.download(tape.addBranch(x, layer, to: x, dropPath: 1))
        }
        #expect(draws[0] == draws[1] && draws[0] != draws[2])
    }

    /// Stopping at reused features changes only the gradients of the earlier stage's parameters
    /// before these features.
    @Test func stopsAtReusedFeatures() throws {
        let configuration = try TrainingLossTests.cascade()
            .reusing(features: true, relations: false)
        let batch = TrainingLossTests.batch(0)
        let runs = try [false, true].map { stops in
            let model = try TrainableCascade(
                configuration, weights: SyntheticWeights(seed: 1), backend: base,
                stopsReusedFeatures: stops)
            _ = try model.addGradients(batch.images, targets: batch.targets)
            return model
        }
        for (flowing, stopped) in zip(runs[0].parameters, runs[1].parameters) {
            let pair = [flowing, stopped].map { $0.tensor.gradient.map { base.download($0) } }
            let isBefore =
                flowing.specification.stage == 0
                && !["head.", "norm."].contains(where: flowing.specification.name.hasPrefix)
            #expect((pair[0] == pair[1]) == !isBefore, "\(flowing.specification.name)")
        }
    }
}

import DVTAutodiff
import DVTCore
import DVTModel
import DVTReference
import DVTTraining
import Testing

/// Stochastic depth, dropout and stopped gradients of the tape.
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
    ) -> LinearParameters<TapeTensor<ReferenceBackend>> {
        let values = (0..<width * width).map { Float($0 % (width + 1) == 0 ? 1 : 0) }
        return LinearParameters(
            weight: tape.parameter(base.upload(Tensor([width, width], values: values))), bias: nil)
    }

    /// In the last of two blocks, a branch is dropped for half of the images and doubled for the
    /// others; in the first block it is never dropped.
    @Test func stochasticDepthDropsBranches() throws {
        let (images, width) = (400, 4)
        let tape = tape(stochasticDepth: 0.5)
        let map = identity(width, on: tape)
        let x = tape.constant(base.upload(Tensor([images, width], repeating: 1)))
        let residual = tape.parameter(base.upload(Tensor([images, width], repeating: 1)))
        for (block, kept) in [(0, 400...400), (1, 160...240)] {
            tape.reseed(3)
            tape.enter(.block(block, of: 2))
            let y = try tape.linear(x, map, activation: .identity, residual: residual)
            let values = try tape.download(y).values
            let factor: Float = block == 0 ? 2 : 3
            for image in 0..<images {
                let row = values[image * width..<(image + 1) * width]
                #expect(row.allSatisfy { $0 == row.first! })
                #expect(row.first == 1 || row.first == factor)
            }
            #expect(kept.contains(values.count { $0 == factor } / width))
            map.weight.clearGradient()
            residual.clearGradient()
            try tape.backward(from: [(y, base.upload(Tensor([images, width], repeating: 1)))])
            let gradient = try #require(map.weight.gradient)
            // Each kept row of ones adds its factor minus the 1 of the residual.
            let sum = Float(values.count { $0 == factor } / width) * (factor - 1)
            #expect(base.download(gradient).values.allSatisfy { $0 == sum })
            #expect(base.download(residual.gradient!).values.allSatisfy { $0 == 1 })
        }
    }

    @Test func nothingIsDroppedOutsideBlocks() throws {
        let tape = tape(dropout: 0.5, stochasticDepth: 0.5)
        let x = tape.constant(base.upload(Tensor([8, 4], repeating: 1)))
        tape.enter(.other)
        let y = try tape.linear(x, identity(4, on: tape), activation: .identity, residual: x)
        #expect(try tape.download(y).values.allSatisfy { $0 == 2 })
    }

    @Test func dropoutUsesOneMaskInBothPasses() throws {
        let tape = tape(dropout: 0.25)
        let x = tape.parameter(base.upload(Tensor([100, 40], repeating: 1)))
        tape.enter(.block(0, of: 1))
        let y = try tape.linear(x, identity(40, on: tape), activation: .gelu, residual: nil)
        let values = try tape.download(y).values
        let cleared = values.count { $0 == 0 }
        #expect((900...1100).contains(cleared))
        try tape.backward(from: [(y, base.upload(Tensor([100, 40], repeating: 1)))])
        let gradient = base.download(try #require(x.gradient)).values
        #expect(zip(gradient, values).allSatisfy { ($0 == 0) == ($1 == 0) })
    }

    @Test func equalSeedsGiveEqualDraws() throws {
        let tape = tape(stochasticDepth: 0.5)
        tape.enter(.block(1, of: 2))
        let map = identity(4, on: tape)
        let x = tape.constant(base.upload(Tensor([64, 4], repeating: 1)))
        let draws = try [1, 1, 2].map { (seed: UInt64) in
            tape.reseed(seed)
            return try tape.download(
                tape.linear(x, map, activation: .identity, residual: x))
        }
        #expect(draws[0] == draws[1] && draws[0] != draws[2])
    }

    /// Stopping gradients at reused features changes the gradients of the earlier stage and no
    /// others.
    @Test func gradientsStopAtReusedFeatures() throws {
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

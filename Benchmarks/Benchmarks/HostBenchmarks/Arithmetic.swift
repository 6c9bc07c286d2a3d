import DVTCore
import DVTReference

/// Registers a computation done once per model, and one layer on the reference backend for scale.
func registerArithmetic() {
    measure("Token taps of grid 10 to 14", setup: { GridResampling(from: 10, to: 14) }) {
        $0.tokenTaps
    }
    // The projection after attention in DeiT-small.
    measure("Reference linear, [197,384] by [384,384]", setup: linearInput) { input in
        try input.backend.linear(
            input.x, input.parameters, activation: .identity, residual: nil)
    }
}

private struct LinearInput {
    let backend = ReferenceBackend()
    let x: ReferenceTensor
    let parameters: LinearParameters<ReferenceTensor>
}

private func linearInput() -> LinearInput {
    func values(_ shape: Shape, _ name: String) -> ReferenceTensor {
        ReferenceBackend().upload(.uniform(shape, name: name, seed: 1))
    }
    return LinearInput(
        x: values([1, 197, 384], "x"),
        parameters: LinearParameters(
            weight: values([384, 384], "weight"), bias: values([384], "bias")))
}

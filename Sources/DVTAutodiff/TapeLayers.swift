package import DVTCore

/// A linear layer on a ``GradientTape``: its parameters, and the layer of the base backend.
package struct TapeLinear<Base: DifferentiableBackend> {
    let weight: TapeTensor<Base>
    let bias: TapeTensor<Base>?
    let layer: Base.LinearLayer

    /// Adds to the gradients of the input, the weight and the bias that need one.
    func accumulateGradients(
        _ dy: Base.DeviceTensor, input x: TapeTensor<Base>, on base: Base
    ) throws {
        if x.needsGradient {
            try x.accumulate(base.linearInputGradient(dy, layer), on: base)
        }
        guard weight.needsGradient || bias?.needsGradient == true else { return }
        let gradients = try base.linearParameterGradients(dy, x.value, hasBias: bias != nil)
        try weight.accumulate(base.reshaped(gradients.weight, weight.shape), on: base)
        if let bias, let gradient = gradients.bias {
            try bias.accumulate(gradient, on: base)
        }
    }
}

/// One block's feature-reuse MLP on a ``GradientTape``.
package struct TapeFeatureReuse<Base: DifferentiableBackend> {
    let parameters: FeatureReuseParameters<TapeTensor<Base>>
    let fc1: TapeLinear<Base>
    let fc2: TapeLinear<Base>
}

/// The relation-reuse MLP on a ``GradientTape``.
package struct TapeRelationReuse<Base: DifferentiableBackend> {
    let parameters: RelationReuseParameters<TapeTensor<Base>>
    let expand: TapeLinear<Base>
    let contract: TapeLinear<Base>
}

extension GradientTape {
    /// Flattens the weight of a convolution to `[D, C k k]` for the base backend.
    package func makeLinear(
        _ parameters: LinearParameters<TapeTensor<Base>>
    ) throws -> TapeLinear<Base> {
        let (weight, bias) = (parameters.weight, parameters.bias)
        let outputs = weight.shape[0]
        let matrix: Shape = [outputs, weight.shape.elementCount / max(outputs, 1)]
        let layer = try base.makeLinear(
            LinearParameters(weight: base.reshaped(weight.value, matrix), bias: bias?.value))
        return TapeLinear(weight: weight, bias: bias, layer: layer)
    }

    package func makeFeatureReuse(
        _ blocks: [FeatureReuseParameters<TapeTensor<Base>>]
    ) throws -> [TapeFeatureReuse<Base>] {
        try blocks.map {
            TapeFeatureReuse(
                parameters: $0, fc1: try makeLinear($0.fc1), fc2: try makeLinear($0.fc2))
        }
    }

    package func makeRelationReuse(
        _ parameters: RelationReuseParameters<TapeTensor<Base>>
    ) throws -> TapeRelationReuse<Base> {
        TapeRelationReuse(
            parameters: parameters, expand: try makeLinear(parameters.expand),
            contract: try makeLinear(parameters.contract))
    }
}

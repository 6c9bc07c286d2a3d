package import DVTCore

extension GradientTape {
    /// Runs the activation as a separate operation, as the backward pass needs its input.
    package func linear(
        _ x: TapeTensor<Base>, _ layer: TapeLinear<Base>, activation: Activation,
        residual: TapeTensor<Base>?
    ) throws -> TapeTensor<Base> {
        guard activation != .identity else { return try product(x, layer, adding: residual) }
        let y = try activated(product(x, layer, adding: nil), activation)
        return try residual.map { try added(y, $0) } ?? y
    }

    /// `x weight^T + bias + residual`.
    private func product(
        _ x: TapeTensor<Base>, _ layer: TapeLinear<Base>, adding residual: TapeTensor<Base>?
    ) throws -> TapeTensor<Base> {
        let base = base
        let y = try base.linear(
            x.value, layer.layer, activation: .identity, residual: residual?.value)
        return record(y, from: [x, layer.weight, layer.bias, residual]) { dy in
            try residual?.accumulate(dy, on: base)
            try layer.accumulateGradients(dy, input: x, on: base)
        }
    }

    package func logits(
        _ x: TapeTensor<Base>, _ head: TapeLinear<Base>
    ) throws -> TapeTensor<Base> {
        let base = base
        return record(try base.logits(x.value, head.layer), from: [x, head.weight, head.bias]) {
            try head.accumulateGradients($0, input: x, on: base)
        }
    }

    private func activated(
        _ z: TapeTensor<Base>, _ activation: Activation
    ) throws -> TapeTensor<Base> {
        guard activation != .identity else { return z }
        let base = base
        return record(try base.activate(z.value, activation), from: [z]) { dy in
            try z.accumulate(base.activationGradient(dy, at: z.value, activation), on: base)
        }
    }

    func added(
        _ a: TapeTensor<Base>, _ b: TapeTensor<Base>
    ) throws -> TapeTensor<Base> {
        let base = base
        return record(try base.sum(a.value, b.value), from: [a, b]) { dy in
            try a.accumulate(dy, on: base)
            try b.accumulate(dy, on: base)
        }
    }

    package func layerNorm(
        _ x: TapeTensor<Base>, appending features: TapeTensor<Base>?,
        _ parameters: LayerNormParameters<TapeTensor<Base>>
    ) throws -> TapeTensor<Base> {
        let base = base
        let (weight, bias) = (parameters.weight, parameters.bias)
        let values = LayerNormParameters(
            weight: weight.value, bias: bias.value, epsilon: parameters.epsilon)
        let y = try base.layerNorm(x.value, appending: features?.value, values)
        return record(y, from: [x, features, weight, bias]) { dy in
            let gradients = try base.layerNormGradients(
                dy, x.value, appending: features?.value, values)
            try x.accumulate(gradients.x, on: base)
            if let features, let gradient = gradients.features {
                try features.accumulate(gradient, on: base)
            }
            try weight.accumulate(gradients.weight, on: base)
            try bias.accumulate(gradients.bias, on: base)
        }
    }

    package func patchEmbed(
        _ images: TapeTensor<Base>, _ projection: TapeLinear<Base>, geometry: PatchGeometry
    ) throws -> TapeTensor<Base> {
        try product(softSplit(images, geometry: geometry), projection, adding: nil)
    }

    /// Reshapes a tensor without copying it.
    func reshaped(_ x: TapeTensor<Base>, _ shape: Shape) throws -> TapeTensor<Base> {
        let base = base
        return record(try base.reshaped(x.value, shape), from: [x]) { dy in
            try x.accumulate(base.reshaped(dy, x.shape), on: base)
        }
    }
}

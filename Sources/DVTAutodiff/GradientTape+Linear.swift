public import DVTCore

extension GradientTape {
    /// Implements ``/DVTCore/Backend/linear(_:_:activation:residual:)``.
    public func linear(
        _ x: TapeTensor<Base>, _ parameters: LinearParameters<TapeTensor<Base>>,
        activation: Activation, residual: TapeTensor<Base>?
    ) throws -> TapeTensor<Base> {
        if activation == .identity, !(residual != nil && regularizesBranches) {
            return try map(x, parameters, adding: residual)
        }
        var y = try activated(map(x, parameters, adding: nil), activation)
        if isInBlock { y = try droppedOut(y) }
        guard let residual else { return y }
        return try added(isInBlock ? thinned(y) : y, residual)
    }

    /// A linear map without an activation.
    private func map(
        _ x: TapeTensor<Base>, _ parameters: LinearParameters<TapeTensor<Base>>,
        adding residual: TapeTensor<Base>?
    ) throws -> TapeTensor<Base> {
        let base = base
        let (weight, bias) = (parameters.weight, parameters.bias)
        let y = try base.linear(
            x.value, LinearParameters(weight: weight.value, bias: bias?.value),
            activation: .identity, residual: residual?.value)
        return record(y, from: [x, weight, bias, residual]) { dy in
            try residual?.accumulate(dy, on: base)
            if x.needsGradient {
                try x.accumulate(base.linearInputGradient(dy, weight: weight.value), on: base)
            }
            guard weight.needsGradient || bias?.needsGradient == true else { return }
            let gradients = try base.linearParameterGradients(dy, x.value, hasBias: bias != nil)
            try weight.accumulate(base.reshaped(gradients.weight, weight.shape), on: base)
            if let bias, let gradient = gradients.bias {
                try bias.accumulate(gradient, on: base)
            }
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

    private func added(
        _ a: TapeTensor<Base>, _ b: TapeTensor<Base>
    ) throws -> TapeTensor<Base> {
        let base = base
        return record(try base.sum(a.value, b.value), from: [a, b]) { dy in
            try a.accumulate(dy, on: base)
            try b.accumulate(dy, on: base)
        }
    }

    /// Implements ``/DVTCore/Backend/layerNorm(_:appending:_:)``.
    public func layerNorm(
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

    /// Implements ``/DVTCore/Backend/patchEmbed(_:_:geometry:)``.
    public func patchEmbed(
        _ images: TapeTensor<Base>, _ projection: LinearParameters<TapeTensor<Base>>,
        geometry: PatchGeometry
    ) throws -> TapeTensor<Base> {
        let patches = try softSplit(images, geometry: geometry)
        let rows = try flattened(projection.weight)
        return try map(
            patches, LinearParameters(weight: rows, bias: projection.bias), adding: nil)
    }

    /// A convolution's weight `[D, C, k, k]` as that of a linear map, `[D, C k k]`.
    private func flattened(_ weight: TapeTensor<Base>) throws -> TapeTensor<Base> {
        try reshaped(weight, [weight.shape[0], weight.shape.elementCount / weight.shape[0]])
    }

    /// The same elements under another shape.
    func reshaped(_ x: TapeTensor<Base>, _ shape: Shape) throws -> TapeTensor<Base> {
        let base = base
        return record(try base.reshaped(x.value, shape), from: [x]) { dy in
            try x.accumulate(base.reshaped(dy, x.shape), on: base)
        }
    }
}

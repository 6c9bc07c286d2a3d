package import DVTCore

extension GradientTape {
    /// The 1x1 convolutions run as linear layers over rows of channels.
    package func relationReuse(
        _ relations: TapeTensor<Base>, _ layer: TapeRelationReuse<Base>, activation: Activation
    ) throws -> TapeTensor<Base> {
        let sizes = try RelationReuseSizes(relations: relations.shape, parameters: layer.parameters)
        let planes = try reshaped(relations, [sizes.batch, sizes.channels, sizes.positions])
        let hidden = try linear(
            transposed(planes), layer.expand, activation: activation, residual: nil)
        let mixed = try linear(
            hidden, layer.contract, activation: .identity, residual: nil)
        let dense = try reshaped(transposed(mixed), relations.shape)
        let base = base
        return record(try base.paddedRelations(dense.value), from: [dense]) {
            try dense.accumulate($0, on: base)
        }
    }

    package func featureReuse(
        _ features: TapeTensor<Base>, _ layer: [TapeFeatureReuse<Base>], activation: Activation,
        resampling: GridResampling
    ) throws -> [TapeTensor<Base>] {
        let source =
            stopsReusedFeatures ? TapeTensor(features.value, needsGradient: false) : features
        return try layer.map { block in
            _ = try FeatureReuseSizes(
                features: features.shape, block: block.parameters, resampling: resampling)
            let normalized =
                try block.parameters.norm.map { try layerNorm(source, appending: nil, $0) }
                ?? source
            let hidden = try linear(normalized, block.fc1, activation: activation, residual: nil)
            let coarse = try linear(hidden, block.fc2, activation: .identity, residual: nil)
            return try resampled(coarse, resampling)
        }
    }

    private func transposed(_ x: TapeTensor<Base>) throws -> TapeTensor<Base> {
        let base = base
        return record(try base.transposed(x.value), from: [x]) { dy in
            try x.accumulate(base.transposed(dy), on: base)
        }
    }

    private func resampled(
        _ x: TapeTensor<Base>, _ resampling: GridResampling
    ) throws -> TapeTensor<Base> {
        let base = base
        return record(try base.resampleTokens(x.value, resampling), from: [x]) { dy in
            try x.accumulate(base.resampleTokensGradient(dy, resampling), on: base)
        }
    }
}

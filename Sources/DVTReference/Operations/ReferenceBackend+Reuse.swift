import DVTCore

extension ReferenceBackend {
    /// Implements ``/DVTCore/Backend/relationReuse(_:_:activation:)``.
    public func relationReuse(
        _ relations: ReferenceTensor, _ parameters: RelationReuseParameters<ReferenceTensor>,
        activation: Activation
    ) throws -> ReferenceTensor {
        let sizes = try RelationReuseSizes(relations: relations.shape, parameters: parameters)
        let columns = try transposed(
            reshaped(relations, [sizes.batch, sizes.channels, sizes.positions]))
        let hidden = try linear(columns, parameters.expand, activation: activation, residual: nil)
        let mixed = try linear(hidden, parameters.contract, activation: .identity, residual: nil)
        return reshaped(try transposed(mixed), relations.shape)
    }

    /// Implements ``/DVTCore/Backend/featureReuse(_:_:activation:resampling:)``.
    public func featureReuse(
        _ features: ReferenceTensor, _ blocks: [FeatureReuseParameters<ReferenceTensor>],
        activation: Activation, resampling: GridResampling
    ) throws -> [ReferenceTensor] {
        try blocks.map { block in
            _ = try FeatureReuseSizes(
                features: features.shape, block: block, resampling: resampling)
            let normalized =
                try block.norm.map { try layerNorm(features, appending: nil, $0) } ?? features
            let hidden = try linear(normalized, block.fc1, activation: activation, residual: nil)
            let mixed = try linear(hidden, block.fc2, activation: .identity, residual: nil)
            return try resampleTokens(mixed, resampling)
        }
    }
}

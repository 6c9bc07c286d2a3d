import DVTCore

extension ReferenceBackend {
    /// Transforms the logits that a stage handed on: two 1x1 convolutions over the channels.
    ///
    /// - Parameters:
    ///   - relations: `[B, LH, S, S]`.
    ///   - parameters: expand `[3LH, LH]` and contract `[LH, 3LH]`, each with a bias.
    ///   - activation: the GELU between them.
    /// - Returns: `[B, LH, S, S]`.
    /// - Throws: ``/DVTCore/ShapeError`` if shapes do not fit.
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

    /// What every block reuses of the last stage's features: one small MLP a block, resampled.
    ///
    /// - Parameters:
    ///   - features: F `[B, M + 1, D']`.
    ///   - blocks: each block's LayerNorm over D' or none, fc1 and fc2.
    ///   - activation: the GELU.
    ///   - resampling: from the earlier grid to this one.
    /// - Returns: for every block, `[B, N + 1, E]`, the class token's row zero.
    /// - Throws: ``/DVTCore/ShapeError`` if shapes do not fit.
    public func featureReuse(
        _ features: ReferenceTensor, _ blocks: [FeatureReuseParameters<ReferenceTensor>],
        activation: Activation, resampling: GridResampling
    ) throws -> [ReferenceTensor] {
        try blocks.map { block in
            _ = try FeatureReuseSizes(
                features: features.shape, block: block, resampling: resampling)
            let normalised =
                try block.norm.map { try layerNorm(features, appending: nil, $0) } ?? features
            let hidden = try linear(normalised, block.fc1, activation: activation, residual: nil)
            let mixed = try linear(hidden, block.fc2, activation: .identity, residual: nil)
            return try resampleTokens(mixed, resampling)
        }
    }
}

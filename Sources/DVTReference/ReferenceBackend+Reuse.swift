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
        let pairs = [sizes.batch, sizes.channels, sizes.positions]
        let columns = transposed(relations, pairs)
        let hidden = try linear(columns, parameters.expand, activation: activation, residual: nil)
        let mixed = try linear(hidden, parameters.contract, activation: .identity, residual: nil)
        let rows = transposed(mixed, [sizes.batch, sizes.positions, sizes.channels])
        return ReferenceTensor(relations.shape, rows.values)
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
        let taps = resampling.tokenTaps
        return try blocks.map { block in
            let sizes = try FeatureReuseSizes(
                features: features.shape, block: block, resampling: resampling)
            let normalised =
                try block.norm.map { try layerNorm(features, appending: nil, $0) } ?? features
            let hidden = try linear(normalised, block.fc1, activation: activation, residual: nil)
            let mixed = try linear(hidden, block.fc2, activation: .identity, residual: nil)
            return resampled(mixed, taps: taps, to: sizes.outputShape)
        }
    }

    /// Every fine token's weighted sum of coarse tokens; the class token's row is zero.
    private func resampled(
        _ x: ReferenceTensor, taps: [[GridResampling.Tap]], to shape: Shape
    ) -> ReferenceTensor {
        let (coarseTokens, width, values) = (x.shape[1], x.shape[2], x.values)
        return ReferenceTensor(shape, rowWidth: width) { row, output in
            let (image, token) = row.quotientAndRemainder(dividingBy: taps.count)
            let sources = token == 0 ? [] : taps[token]
            for column in output.indices {
                let sum = sources.reduce(0.0) { sum, tap in
                    let value = values[(image * coarseTokens + tap.index) * width + column]
                    return sum + Double(tap.weight) * Double(value)
                }
                output[column] = Float(sum)
            }
        }
    }

    /// `[B, R, C]` to `[B, C, R]`.
    private func transposed(_ x: ReferenceTensor, _ extents: [Int]) -> ReferenceTensor {
        let (rows, columns, values) = (extents[1], extents[2], x.values)
        return ReferenceTensor([extents[0], columns, rows], rowWidth: rows) { index, output in
            let (matrix, column) = index.quotientAndRemainder(dividingBy: columns)
            for row in output.indices {
                output[row] = values[(matrix * rows + row) * columns + column]
            }
        }
    }
}

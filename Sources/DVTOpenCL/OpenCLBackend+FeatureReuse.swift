import DVTCore
import OpenCL

extension OpenCLBackend {
    /// What every block reuses of the last stage's features: one small MLP a block, resampled.
    ///
    /// All blocks read the same features, so their first maps run as one wide map, behind one
    /// LayerNorm whose weights and biases are folded into it; their second maps run as one grouped
    /// map. The stacked parameters are made at the first call.
    ///
    /// - Parameters:
    ///   - features: F `[B, M + 1, D']`.
    ///   - blocks: each block's LayerNorm over D' or none, fc1 and fc2.
    ///   - activation: the GELU.
    ///   - resampling: from the earlier grid to this one.
    /// - Returns: for every block, `[B, N + 1, E]`, the class token's row zero.
    /// - Throws: ``/DVTCore/ShapeError`` if shapes do not fit, ``/OpenCL/OpenCLError`` or
    ///   ``OpenCLBackendError`` if the device fails.
    public func featureReuse(
        _ features: OpenCLTensor, _ blocks: [FeatureReuseParameters<OpenCLTensor>],
        activation: Activation, resampling: GridResampling
    ) throws -> [OpenCLTensor] {
        let sizes = try blocks.map {
            try FeatureReuseSizes(features: features.shape, block: $0, resampling: resampling)
        }
        guard let first = sizes.first else { return [] }
        guard sizes.allSatisfy({ $0 == first }), StackedMLPs.canStack(blocks) else {
            return try blocks.flatMap {
                try featureReuse(
                    features, [$0], activation: activation, resampling: resampling)
            }
        }
        let coarse = try coarseFeatures(
            features, StackedMLPs.of(blocks, on: self), activation: activation, first,
            blocks: blocks.count)
        let table = try table(resampling)
        return try blocks.indices.map { block in
            let fine = try makeTensor(first.outputShape)
            try enqueueResampling(
                of: coarse, block: block, of: blocks.count, to: fine, table, first)
            return fine
        }
    }

    /// The MLPs of all blocks, `[B, M + 1, L E]`.
    private func coarseFeatures(
        _ features: OpenCLTensor, _ stacked: StackedMLPs, activation: Activation,
        _ sizes: FeatureReuseSizes, blocks: Int
    ) throws -> OpenCLTensor {
        let normalised =
            try stacked.norm.map { try layerNorm(features, appending: nil, $0) } ?? features
        let hidden = try linear(
            normalised, stacked.expand, activation: activation, residual: nil)
        let coarse = try makeTensor([sizes.batch, sizes.coarseTokens, blocks * sizes.outputs])
        try enqueueLinear(
            hidden, stacked.contract, activation: .identity, residual: nil, to: coarse,
            rows: sizes.batch * sizes.coarseTokens, inputs: sizes.hidden, outputs: sizes.outputs,
            groups: blocks)
        return coarse
    }

    private func enqueueResampling(
        of coarse: OpenCLTensor, block: Int, of blocks: Int, to fine: OpenCLTensor,
        _ table: ResamplingTable, _ sizes: FeatureReuseSizes
    ) throws {
        let arguments: [KernelArgument] = try [
            .tensor(fine), .tensor(coarse), .buffer(table.tokens.indices),
            .buffer(table.tokens.weights), .int(sizes.batch), .int(sizes.fineTokens),
            .int(sizes.coarseTokens), .int(sizes.outputs), .int(blocks * sizes.outputs),
            .int(block * sizes.outputs), .int(table.tokens.taps),
        ]
        switch kernelStyle {
        case .vector:
            try enqueueRows(
                "resample_tokens", in: "resample", items: 1, arguments,
                rows: sizes.batch * sizes.fineTokens)
        case .tile:
            try enqueueElements(
                "resample_tokens", in: "resample", arguments,
                over: [sizes.outputs, sizes.fineTokens, sizes.batch])
        }
    }
}

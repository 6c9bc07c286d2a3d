import DVTCore
import OpenCLRuntime

extension OpenCLBackend {
    /// Implements ``/DVTCore/Backend/featureReuse(_:_:activation:resampling:)``.
    ///
    /// All blocks read the same features, so their first maps run as one wide map, behind one
    /// LayerNorm whose weights and biases are folded into it; their second maps run as one grouped
    /// map. The stacked parameters are made at the first call.
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
            let width = first.outputs
            try enqueueResampling(
                of: coarse, columns: block * width..<(block + 1) * width, to: fine, table.tokens)
            return fine
        }
    }

    /// The MLPs of all blocks, `[B, M + 1, L E]`.
    private func coarseFeatures(
        _ features: OpenCLTensor, _ stacked: StackedMLPs, activation: Activation,
        _ sizes: FeatureReuseSizes, blocks: Int
    ) throws -> OpenCLTensor {
        let normalized =
            try stacked.norm.map { try layerNorm(features, appending: nil, $0) } ?? features
        let hidden = try linear(
            normalized, stacked.expand, activation: activation, residual: nil)
        let coarse = try makeTensor([sizes.batch, sizes.coarseTokens, blocks * sizes.outputs])
        try enqueueLinear(
            hidden, stacked.contract, activation: .identity, residual: nil, to: coarse,
            rows: sizes.batch * sizes.coarseTokens, inputs: sizes.hidden, outputs: sizes.outputs,
            groups: blocks)
        return coarse
    }

    /// Enqueues the resampling of some columns of tokens, `[B, S, pitch]`, to `fine` `[B, T, n]`.
    func enqueueResampling(
        of coarse: OpenCLTensor, columns: Range<Int>, to fine: OpenCLTensor, _ taps: TapArrays
    ) throws {
        let (batch, tokens) = (fine.shape[0], fine.shape[1])
        let arguments: [KernelArgument] = try [
            .tensor(fine), .tensor(coarse), .buffer(taps.indices), .buffer(taps.weights),
            .int(batch), .int(tokens), .int(coarse.shape[1]), .int(columns.count),
            .int(coarse.shape[2]), .int(columns.lowerBound), .int(taps.taps),
        ]
        switch kernelStyle {
        case .vector:
            try enqueueRows(
                "resample_tokens", in: "resample", items: 1, arguments, rows: batch * tokens)
        case .tile:
            try enqueueElements(
                "resample_tokens", in: "resample", arguments,
                over: [columns.count, tokens, batch])
        }
    }
}

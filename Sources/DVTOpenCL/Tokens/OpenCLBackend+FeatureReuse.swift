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
        try enqueue(
            KernelCall(
                "resample_tokens", in: "resample",
                [
                    "fine": .tensor(fine), "coarse": .tensor(coarse),
                    "indices": .buffer(taps.indices), "weights": .buffer(taps.weights),
                    "batch": .int(batch), "tokens": .int(tokens),
                    "coarse_tokens": .int(coarse.shape[1]), "width": .int(columns.count),
                    "pitch": .int(coarse.shape[2]), "first": .int(columns.lowerBound),
                    "taps": .int(taps.taps),
                ],
                over: kernelStyle == .vector
                    ? .rows(batch * tokens, items: 1)
                    : .elements(columns.count, tokens, batch)))
    }
}

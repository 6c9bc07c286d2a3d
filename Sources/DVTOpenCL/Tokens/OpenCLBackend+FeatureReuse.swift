import DVTCore
import OpenCLRuntime

extension OpenCLBackend {
    /// Implements ``/DVTCore/Backend/featureReuse(_:_:activation:resampling:)``.
    public func featureReuse(
        _ features: OpenCLTensor, _ layer: OpenCLFeatureReuse, activation: Activation,
        resampling: GridResampling
    ) throws -> [OpenCLTensor] {
        let sizes = try layer.blocks.map {
            try FeatureReuseSizes(features: features.shape, block: $0, resampling: resampling)
        }
        let table = try table(resampling)
        var fine: [OpenCLTensor] = []
        for stack in layer.stacks {
            let size = sizes[fine.count]
            let coarse = try coarseFeatures(features, stack, activation: activation, size)
            for block in 0..<stack.count {
                let output = try makeTensor(size.outputShape)
                let columns = block * size.outputs..<(block + 1) * size.outputs
                try enqueueResampling(of: coarse, columns: columns, to: output, table.tokens)
                fine.append(output)
            }
        }
        return fine
    }

    /// The outputs of a stack's MLPs, `[B, M + 1, L E]`.
    private func coarseFeatures(
        _ features: OpenCLTensor, _ stack: StackedMLPs, activation: Activation,
        _ sizes: FeatureReuseSizes
    ) throws -> OpenCLTensor {
        try stack.update(on: self)
        let normalized =
            try stack.norm.map { try layerNorm(features, appending: nil, $0) } ?? features
        let hidden = try linear(
            normalized, stack.expand, activation: activation, residual: nil)
        let coarse = try makeTensor(
            [sizes.batch, sizes.coarseTokens, stack.count * sizes.outputs])
        try enqueueLinear(
            hidden, stack.contract, activation: .identity, residual: nil, to: coarse,
            rows: sizes.batch * sizes.coarseTokens)
        return coarse
    }

    /// Enqueues the resampling of some columns of `coarse` `[B, S, pitch]` to `fine` `[B, T, n]`.
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

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
            fine += try resampled(
                coarse, blocks: stack.count, to: size.outputShape, table.tokens)
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

    /// Resamples the rows of several blocks in one launch.
    ///
    /// - Parameters:
    ///   - coarse: `[B, S, L E]`, the rows of L blocks side by side.
    ///   - blocks: L.
    ///   - shape: `[B, T, E]`.
    ///   - taps: the coarse tokens of each fine token.
    /// - Returns: the resampled rows of each block.
    /// - Throws: the device's error.
    func resampled(
        _ coarse: OpenCLTensor, blocks: Int, to shape: Shape, _ taps: TapArrays
    ) throws -> [OpenCLTensor] {
        let (batch, tokens, width) = (shape[0], shape[1], shape[2])
        let fine = try makeTensors(blocks, shape)
        try enqueue(
            KernelCall(
                "resample_tokens", in: "resample",
                [
                    "fine": .tensor(fine.whole), "coarse": .tensor(coarse),
                    "indices": .buffer(taps.indices), "weights": .buffer(taps.weights),
                    "batch": .int(batch), "tokens": .int(tokens),
                    "coarse_tokens": .int(coarse.shape[1]), "blocks": .int(blocks),
                    "block_stride": .int(fine.stride), "width": .int(width),
                    "taps": .int(taps.taps),
                ],
                over: kernelStyle == .vector
                    ? .rows(batch * tokens, items: 1)
                    : .elements(blocks * width, tokens, batch)))
        return fine.tensors
    }
}

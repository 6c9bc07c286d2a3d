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

    /// The MLPs of a stack's blocks, `[B, M + 1, L E]`.
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

import DVTCore
import OpenCLRuntime

extension OpenCLBackend {
    /// Implements ``/DVTCore/Backend/relationReuse(_:_:activation:)``.
    public func relationReuse(
        _ relations: OpenCLTensor, _ parameters: RelationReuseParameters<OpenCLTensor>,
        activation: Activation
    ) throws -> OpenCLTensor {
        let sizes = try RelationReuseSizes(relations: relations.shape, parameters: parameters)
        let mixed = try makeTensor(relations.shape)
        let tileBytes = (sizes.channels + sizes.hidden) * packedTile.panel * 4
        if kernelStyle == .vector, tileBytes <= localMemoryLimit, sizes.positions > 0 {
            try enqueueRelationMLP(
                relations, parameters, activation: activation, to: mixed, sizes)
        } else {
            try enqueueRelationProducts(
                relations, parameters, activation: activation, to: mixed, sizes)
        }
        return mixed
    }

    /// Both maps in one pass over the pairs of tokens.
    private func enqueueRelationMLP(
        _ relations: OpenCLTensor, _ parameters: RelationReuseParameters<OpenCLTensor>,
        activation: Activation, to mixed: OpenCLTensor, _ sizes: RelationReuseSizes
    ) throws {
        let kernel = try kernels.kernel(
            "relation_mlp", in: "relation_mlp", defines: packedTile.defines)
        let tile = packedTile.panel
        try queue.enqueue(
            kernel,
            arguments: [
                .tensor(mixed), .tensor(relations), .tensor(parameters.expand.weight),
                .tensor(parameters.expand.bias), .tensor(parameters.contract.weight),
                .tensor(parameters.contract.bias), .local(byteCount: sizes.channels * tile * 4),
                .local(byteCount: sizes.hidden * tile * 4), .int(sizes.positions),
                .int(sizes.channels), .int(sizes.hidden), .int(activation.kernelCode),
            ],
            global: [(sizes.positions + tile - 1) / tile, sizes.batch], local: [1, 1])
    }

    /// Each map as one launch for as many images as keep the widened map `[3LH, S, S]` within bounds.
    private func enqueueRelationProducts(
        _ relations: OpenCLTensor, _ parameters: RelationReuseParameters<OpenCLTensor>,
        activation: Activation, to mixed: OpenCLTensor, _ sizes: RelationReuseSizes
    ) throws {
        // 64 MiB keep any device busy, and fit beside the model on all of them.
        let limit = max(1, 1 << 24 / max(1, sizes.hidden * sizes.positions))
        // As many for a batch that has shrunk: the same memory and programs serve it.
        let step = min(limit, max(sizes.batch, batchCapacity, 1))
        let hidden = try makeScratch([step, sizes.hidden, sizes.positions])
        for first in stride(from: 0, to: sizes.batch, by: step) {
            let batch = min(step, sizes.batch - first)
            try enqueueTileProduct(
                TileProduct(
                    rows: sizes.hidden, columns: sizes.positions, depth: sizes.channels,
                    left: parameters.expand.weight, right: relations),
                factors: first..<first + batch, capacity: step, bias: parameters.expand.bias,
                activation: activation, to: hidden)
            try enqueueTileProduct(
                TileProduct(
                    rows: sizes.channels, columns: sizes.positions, depth: sizes.hidden,
                    left: parameters.contract.weight, right: hidden),
                factors: 0..<batch, capacity: step, bias: parameters.contract.bias, to: mixed,
                first: first)
        }
    }
}

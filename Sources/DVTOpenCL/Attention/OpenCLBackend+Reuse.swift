import DVTCore
import DVTSupport
import OpenCLRuntime

extension OpenCLBackend {
    /// Implements ``/DVTCore/Backend/relationReuse(_:_:activation:)``.
    public func relationReuse(
        _ relations: OpenCLTensor, _ layer: OpenCLRelationReuse, activation: Activation
    ) throws -> OpenCLTensor {
        let parameters = layer.parameters
        let sizes = try RelationReuseSizes(relations: relations.shape, parameters: parameters)
        if usesMatrixInstructions, let plan = MatrixRelationMLP(sizes, matrixInstructions) {
            return try matrixRelationReuse(
                relations, layer, activation: activation, plan, sizes)
        }
        let mixed = try makeTensor(relations.shape, rowPitch: relations.rowPitch)
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

    /// Runs both linear layers in one kernel over the pairs of tokens.
    private func enqueueRelationMLP(
        _ relations: OpenCLTensor, _ parameters: RelationReuseParameters<OpenCLTensor>,
        activation: Activation, to mixed: OpenCLTensor, _ sizes: RelationReuseSizes
    ) throws {
        let tile = packedTile.panel
        try enqueue(
            KernelCall(
                "relation_mlp", in: "relation_mlp", macros: packedTile.macros + dotMacros,
                [
                    "mixed": .tensor(mixed), "relations": .tensor(relations),
                    "expand": .tensor(parameters.expand.weight),
                    "expand_bias": .float32(parameters.expand.bias),
                    "contract": .tensor(parameters.contract.weight),
                    "contract_bias": .float32(parameters.contract.bias),
                    "tile": .local(byteCount: sizes.channels * tile * 4),
                    "hidden": .local(byteCount: sizes.hidden * tile * 4),
                    "pairs": .int(sizes.positions), "channels": .int(sizes.channels),
                    "wide": .int(sizes.hidden), "activation": .activation(activation),
                ], over: .groups(ceilDiv(sizes.positions, tile), sizes.batch)))
    }

    /// Runs each linear layer as one launch per group of images, limiting the size of the hidden
    /// layer `[3LH, S, S]`.
    private func enqueueRelationProducts(
        _ relations: OpenCLTensor, _ parameters: RelationReuseParameters<OpenCLTensor>,
        activation: Activation, to mixed: OpenCLTensor, _ sizes: RelationReuseSizes
    ) throws {
        // 64 MiB saturate any device and fit into its memory along with the model.
        let positions = sizes.tokens * relations.rowPitch
        let limit = max(1, 1 << 24 / max(1, sizes.hidden * positions))
        // A shrunken batch keeps the step, to reuse memory and programs.
        let step = min(limit, max(sizes.batch, batchCapacity, 1))
        let hidden = try makeScratch([step, sizes.hidden, positions])
        for first in stride(from: 0, to: sizes.batch, by: step) {
            let batch = min(step, sizes.batch - first)
            try enqueueTileProduct(
                TileProduct(
                    rows: sizes.hidden, columns: positions, depth: sizes.channels,
                    left: parameters.expand.weight, right: relations),
                factors: first..<first + batch, capacity: step, bias: parameters.expand.bias,
                activation: activation, to: hidden)
            try enqueueTileProduct(
                TileProduct(
                    rows: sizes.channels, columns: positions, depth: sizes.hidden,
                    left: parameters.contract.weight, right: hidden),
                factors: 0..<batch, capacity: step, bias: parameters.contract.bias, to: mixed,
                first: first)
        }
    }
}

import DVTCore
import OpenCL

extension OpenCLBackend {
    /// Transforms the logits that a stage handed on: two 1x1 convolutions over the channels.
    ///
    /// - Parameters:
    ///   - relations: `[B, LH, S, S]`.
    ///   - parameters: expand `[3LH, LH]` and contract `[LH, 3LH]`, each with a bias.
    ///   - activation: the GELU between them.
    /// - Returns: `[B, LH, S, S]`.
    /// - Throws: ``/DVTCore/ShapeError`` if shapes do not fit, ``/OpenCL/OpenCLError`` or
    ///   ``OpenCLBackendError`` if the device fails.
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

    /// Each map as one product an image; the widened map `[3LH, S, S]` exists for one at a time.
    private func enqueueRelationProducts(
        _ relations: OpenCLTensor, _ parameters: RelationReuseParameters<OpenCLTensor>,
        activation: Activation, to mixed: OpenCLTensor, _ sizes: RelationReuseSizes
    ) throws {
        let hidden = try makeScratch([sizes.hidden, sizes.positions])
        for image in 0..<sizes.batch {
            let offset = image * sizes.channels * sizes.positions
            try clblast.multiply(
                MatrixProduct(
                    rows: sizes.hidden, columns: sizes.positions, depth: sizes.channels,
                    left: Matrix(parameters.expand.weight.buffer),
                    right: Matrix(relations.buffer, offset: offset), isRightTransposed: false,
                    output: Matrix(hidden.buffer)))
            try enqueueEpilogue(
                hidden, bias: parameters.expand.bias, biasByRow: true, activation: activation,
                residual: nil, rows: sizes.hidden, columns: sizes.positions)
            try clblast.multiply(
                MatrixProduct(
                    rows: sizes.channels, columns: sizes.positions, depth: sizes.hidden,
                    left: Matrix(parameters.contract.weight.buffer), right: Matrix(hidden.buffer),
                    isRightTransposed: false, output: Matrix(mixed.buffer, offset: offset)))
        }
        try enqueueEpilogue(
            mixed, bias: parameters.contract.bias, biasByRow: true, activation: .identity,
            residual: nil, rows: sizes.batch * sizes.channels, columns: sizes.positions)
    }
}

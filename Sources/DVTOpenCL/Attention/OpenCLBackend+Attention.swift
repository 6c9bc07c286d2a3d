import DVTCore
import DVTSupport
import OpenCLRuntime

extension OpenCLBackend {
    /// Implements ``/DVTCore/Backend/attention(_:heads:scale:queries:reusing:keeping:)``.
    public func attention(
        _ qkv: OpenCLTensor, heads: Int, scale: Float, queries: AttentionQueries,
        reusing relations: ReusedRelations<OpenCLTensor>?,
        keeping logits: KeptRelations<OpenCLTensor>?
    ) throws -> OpenCLTensor {
        let sizes = try AttentionSizes(
            qkv: qkv.shape, heads: heads, queries: queries,
            reusing: relations.map(RelationShape.init), keeping: logits.map(RelationShape.init))
        try sizes.checkHeadWidth()
        let output = try makeTensor(sizes.outputShape)
        if usesMatrixInstructions, let plan = MatrixAttention(sizes, matrixInstructions) {
            try enqueueMatrixAttention(
                plan, sizes, qkv, scale: scale, reusing: relations, keeping: logits, to: output)
            return output
        }
        let call = try AttentionCall(
            sizes: sizes, output: output, qkv: qkv, relations: relations,
            table: relations.map { try table($0.resampling) }, logits: logits, scale: scale)
        if kernelStyle == .vector, call.reusedRowBytes <= localMemoryLimit {
            try enqueueVectorAttention(call)
        } else {
            // The tile kernel's local memory does not grow with the number of tokens.
            try enqueueTileAttention(call)
        }
        return output
    }

    /// Implements ``/DVTCore/Backend/makeRelations(batch:channels:tokens:)``.
    public func makeRelations(batch: Int, channels: Int, tokens: Int) throws -> OpenCLTensor {
        try makeTensor(
            [batch, channels, tokens, tokens], rowPitch: relationPitch(tokens: tokens))
    }

    /// The elements from one row of relations to the next: matrix instructions read 16 bytes.
    func relationPitch(tokens: Int) -> Int {
        usesMatrixInstructions ? tokens.roundedUp(toMultipleOf: 8) : tokens
    }

    private func enqueueVectorAttention(_ call: AttentionCall) throws {
        let sizes = call.sizes
        let macros = sizes.vectorMacros + dotMacros
        let (keys, padded) = try transposedHeads(call.qkv, part: 1, sizes, macros)
        let values = try dotMacros.isEmpty ? nil : pairedValues(call.qkv, sizes, padded: padded)
        try enqueue(
            KernelCall(
                "attention_vector", in: "attention_vector", macros: macros,
                call.outputs + ["qkv": .tensor(call.qkv), "keys": .tensor(keys)]
                    + (values.map { ["values": .tensor($0)] } ?? [:]) + call.coarse
                    + call.axis
                    + [
                        "reused": .local(byteCount: call.reusedRowBytes),
                        "tokens": .int(sizes.tokens), "attending": .int(sizes.queries),
                        "padded": .int(padded),
                    ] + call.grids + call.channels,
                over: .groups(
                    ceilDiv(sizes.queries, sizes.vectorRows), sizes.heads, sizes.batch)))
    }

    /// Transposes the keys (part 1) or values (part 2) of all heads into panels of 32 tokens.
    ///
    /// - Returns: the panels `[B, H, d, padded]`, and the number of tokens rounded up to whole
    ///   panels.
    func transposedHeads(
        _ qkv: OpenCLTensor, part: Int, _ sizes: AttentionSizes, _ macros: [String]
    ) throws -> (panels: OpenCLTensor, padded: Int) {
        let padded = sizes.tokens.roundedUp(toMultipleOf: 32)
        let panels = try makeTensor([sizes.batch, sizes.heads, sizes.headWidth, padded])
        try enqueue(
            KernelCall(
                "transpose_keys", in: "attention_vector", macros: macros,
                [
                    "keys": .tensor(panels), "qkv": .tensor(qkv), "tokens": .int(sizes.tokens),
                    "padded": .int(padded), "heads": .int(sizes.heads), "part": .int(part),
                ], over: .groups(padded / 16, sizes.heads, sizes.batch)))
        return (panels, padded)
    }

    /// The values of all heads in pairs of tokens, `[B, H, padded / 2, d, 2]`.
    private func pairedValues(
        _ qkv: OpenCLTensor, _ sizes: AttentionSizes, padded: Int
    ) throws -> OpenCLTensor {
        let values = try makeTensor([sizes.batch, sizes.heads, padded, sizes.headWidth])
        try enqueue(
            KernelCall(
                "pair_values", in: "attention_vector", macros: sizes.vectorMacros + dotMacros,
                [
                    "values": .tensor(values), "qkv": .tensor(qkv), "tokens": .int(sizes.tokens),
                    "padded": .int(padded), "heads": .int(sizes.heads),
                ], over: .groups(padded / 2, sizes.heads, sizes.batch)))
        return values
    }

    private func enqueueTileAttention(_ call: AttentionCall) throws {
        let sizes = call.sizes
        let (itemsX, itemsY, tileRows) = (16, 8, 32)
        // A tile of 32 keys of width 128 exceeds the 32 KiB that every device has.
        let tileKeys = sizes.headWidth > 96 ? 16 : 32
        try enqueue(
            KernelCall(
                "attention_tile", in: "attention_tile",
                macros: [
                    "HEAD_WIDTH=\(sizes.headWidth)", "ITEMS_X=\(itemsX)", "ITEMS_Y=\(itemsY)",
                    "TILE_ROWS=\(tileRows)", "TILE_KEYS=\(tileKeys)",
                ],
                call.outputs + ["qkv": .tensor(call.qkv)] + call.coarse
                    + ["tokens": .int(sizes.tokens), "attending": .int(sizes.queries)]
                    + call.channelsAndPitches,
                over: .groups(
                    [ceilDiv(sizes.queries, tileRows), sizes.heads, sizes.batch],
                    items: [itemsX, itemsY, 1])))
    }
}

/// The arguments that both attention kernels share, in groups.
private struct AttentionCall {
    let sizes: AttentionSizes
    let qkv: OpenCLTensor
    let outputs: KernelArguments
    let coarse: KernelArguments
    let channels: KernelArguments
    /// The same for the tile kernel, which takes padded relations.
    let channelsAndPitches: KernelArguments
    /// For the vector kernel only: the resampling along an axis, as taps and as a matrix.
    let axis: KernelArguments
    /// For the vector kernel only: the sizes of both grids.
    let grids: KernelArguments
    private let source: Int
    private let pitch: Int

    init(
        sizes: AttentionSizes, output: OpenCLTensor, qkv: OpenCLTensor,
        relations: ReusedRelations<OpenCLTensor>?, table: ResamplingTable?,
        logits: KeptRelations<OpenCLTensor>?, scale: Float
    ) throws {
        self.sizes = sizes
        self.qkv = qkv
        source = relations?.resampling.source ?? 0
        pitch = table?.pitch ?? 0
        outputs = ["output": .tensor(output), "logits": .tensor(logits?.store)]
        coarse = [
            "coarse": .tensor(relations?.coarse), "indices": .optional(table?.tokens.indices),
            "weights": .optional(table?.tokens.weights),
        ]
        axis = [
            "axis_indices": .optional(table?.axis.indices),
            "axis_weights": .optional(table?.axis.weights), "spread": .optional(table?.spread),
        ]
        grids = try [
            "axis_taps": .int(table?.axis.taps ?? 0), "source": .int(source),
            "target": .int(relations?.resampling.target ?? 0), "pitch": .int(pitch),
        ]
        let kept: KernelArguments = try [
            "heads": .int(sizes.heads), "kept_channels": .int(sizes.keptChannels),
            "kept_channel": .int(logits?.channel ?? 0),
        ]
        let reused: KernelArguments = try [
            "coarse_channels": .int(sizes.coarseChannels),
            "coarse_channel": .int(relations?.channel ?? 0),
            "coarse_tokens": .int(sizes.coarseTokens),
        ]
        let last: KernelArguments = try [
            "taps": .int(table?.tokens.taps ?? 0), "scale": .float(scale),
        ]
        channels = kept + reused + last
        channelsAndPitches =
            try kept + ["kept_pitch": .int(logits?.store.rowPitch ?? 0)] + reused
            + ["coarse_pitch": .int(relations?.coarse.rowPitch ?? 0)] + last
    }

    /// The local memory for the reused relations of one work-item's queries; at least 4 bytes, as a
    /// local argument cannot be empty.
    var reusedRowBytes: Int {
        guard pitch > 0 else { return 4 }
        let mixed = sizes.coarseTokens.roundedUp(toMultipleOf: 16)
        return (sizes.vectorRows * sizes.tokens + pitch + mixed + source * pitch) * 4
    }
}

extension AttentionSizes {
    /// The queries of one work-item: their accumulators, d / 16 vectors each, should fit into 32
    /// registers.
    var vectorRows: Int {
        switch headWidth {
        case ...64: 6
        case ...96: 4
        default: 3
        }
    }

    /// The macros of the vector kernels.
    var vectorMacros: [String] { ["HEAD_WIDTH=\(headWidth)", "ROWS=\(vectorRows)"] }

    /// Throws ``OpenCLBackendError/headWidth(_:)`` if no attention kernel supports the head width.
    func checkHeadWidth() throws(OpenCLBackendError) {
        guard headWidth % 16 == 0, headWidth <= 128 else {
            throw .headWidth(headWidth)
        }
    }
}

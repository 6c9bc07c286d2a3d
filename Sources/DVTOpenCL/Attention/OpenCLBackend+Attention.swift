import DVTCore
import OpenCLRuntime

extension OpenCLBackend {
    /// Implements ``/DVTCore/Backend/attention(_:heads:scale:queries:reusing:keeping:)``.
    public func attention(
        _ qkv: OpenCLTensor, heads: Int, scale: Float, queries: AttentionQueries,
        reusing relations: ReusedRelations<OpenCLTensor>?,
        keeping logits: KeptLogits<OpenCLTensor>?
    ) throws -> OpenCLTensor {
        let sizes = try AttentionSizes(
            qkv: qkv.shape, heads: heads, queries: queries,
            reusing: relations.map(RelationShape.init), keeping: logits.map(RelationShape.init))
        try sizes.checkHeadWidth()
        let output = try makeTensor(sizes.outputShape)
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
        try makeTensor([batch, channels, tokens, tokens])
    }

    private func enqueueVectorAttention(_ call: AttentionCall) throws {
        let sizes = call.sizes
        let (keys, padded) = try transposedHeads(call.qkv, part: 1, sizes, call.vectorDefines)
        let kernel = try kernels.kernel(
            "attention_vector", in: "attention_vector", defines: call.vectorDefines)
        let arguments: [KernelArgument] =
            try call.outputs + [.tensor(call.qkv), .tensor(keys)] + call.coarse
            + call.axis
            + [
                .local(byteCount: call.reusedRowBytes), .int(sizes.tokens), .int(sizes.queries),
                .int(padded),
            ] + call.grids + call.channels
        let groups = (sizes.queries + call.vectorRows - 1) / call.vectorRows
        try queue.enqueue(
            kernel, arguments: arguments, global: [groups, sizes.heads, sizes.batch],
            local: [1, 1, 1])
    }

    /// The keys (part 1) or values (part 2) of all heads, transposed in panels of 32 tokens, and
    /// the tokens with those that fill the last panel.
    func transposedHeads(
        _ qkv: OpenCLTensor, part: Int, _ sizes: AttentionSizes, _ defines: [String]
    ) throws -> (panels: OpenCLTensor, padded: Int) {
        let padded = (sizes.tokens + 31) / 32 * 32
        let panels = try makeTensor([sizes.batch, sizes.heads, sizes.headWidth, padded])
        try queue.enqueue(
            kernels.kernel("transpose_keys", in: "attention_vector", defines: defines),
            arguments: [
                .tensor(panels), .tensor(qkv), .int(sizes.tokens), .int(padded),
                .int(sizes.heads), .int(part),
            ],
            global: [padded / 16, sizes.heads, sizes.batch], local: [1, 1, 1])
        return (panels, padded)
    }

    private func enqueueTileAttention(_ call: AttentionCall) throws {
        let sizes = call.sizes
        let (itemsX, itemsY, tileRows) = (16, 8, 32)
        // A tile of 32 keys of width 128 would take more than the 32 KiB that every device has.
        let tileKeys = sizes.headWidth > 96 ? 16 : 32
        let kernel = try kernels.kernel(
            "attention_tile", in: "attention_tile",
            defines: [
                "HEAD_WIDTH=\(sizes.headWidth)", "ITEMS_X=\(itemsX)", "ITEMS_Y=\(itemsY)",
                "TILE_ROWS=\(tileRows)", "TILE_KEYS=\(tileKeys)",
            ])
        let arguments: [KernelArgument] =
            try call.outputs + [.tensor(call.qkv)] + call.coarse
            + [.int(sizes.tokens), .int(sizes.queries)] + call.channels
        let tiles = (sizes.queries + tileRows - 1) / tileRows
        try queue.enqueue(
            kernel, arguments: arguments,
            global: [tiles * itemsX, sizes.heads * itemsY, sizes.batch],
            local: [itemsX, itemsY, 1])
    }
}

/// One attention as both kernels take it: the groups of arguments that they share.
private struct AttentionCall {
    let sizes: AttentionSizes
    let qkv: OpenCLTensor
    let outputs: [KernelArgument]
    let coarse: [KernelArgument]
    let channels: [KernelArgument]
    /// What only the vector kernel takes: the taps of an axis, as taps and as a matrix, and the
    /// grids.
    let axis: [KernelArgument]
    let grids: [KernelArgument]
    private let source: Int
    private let pitch: Int

    init(
        sizes: AttentionSizes, output: OpenCLTensor, qkv: OpenCLTensor,
        relations: ReusedRelations<OpenCLTensor>?, table: ResamplingTable?,
        logits: KeptLogits<OpenCLTensor>?, scale: Float
    ) throws {
        self.sizes = sizes
        self.qkv = qkv
        outputs = [.tensor(output), .tensor(logits?.store)]
        coarse = [
            .tensor(relations?.coarse), table.map { .buffer($0.tokens.indices) } ?? .none,
            table.map { .buffer($0.tokens.weights) } ?? .none,
        ]
        axis = [
            table.map { .buffer($0.axis.indices) } ?? .none,
            table.map { .buffer($0.axis.weights) } ?? .none,
            table.map { .buffer($0.spread) } ?? .none,
        ]
        grids = try [
            .int(table?.axis.taps ?? 0), .int(relations?.resampling.source ?? 0),
            .int(relations?.resampling.target ?? 0), .int(table?.pitch ?? 0),
        ]
        source = relations?.resampling.source ?? 0
        pitch = table?.pitch ?? 0
        channels = try [
            .int(sizes.heads), .int(sizes.keptChannels), .int(logits?.channel ?? 0),
            .int(sizes.coarseChannels), .int(relations?.channel ?? 0), .int(sizes.coarseTokens),
            .int(table?.tokens.taps ?? 0), .float(scale),
        ]
    }

    var vectorRows: Int { sizes.vectorRows }
    var vectorDefines: [String] { sizes.vectorDefines }

    /// The local memory of what one work-item's queries reuse; a pointer argument needs a byte at
    /// least.
    var reusedRowBytes: Int {
        guard pitch > 0 else { return 4 }
        let mixed = (sizes.coarseTokens + 15) / 16 * 16
        return (vectorRows * sizes.tokens + pitch + mixed + source * pitch) * 4
    }
}

extension AttentionSizes {
    /// The queries of one work-item: its accumulators, this many times d / 16 vectors, should
    /// fit 32 registers.
    var vectorRows: Int {
        switch headWidth {
        case ...64: 6
        case ...96: 4
        default: 3
        }
    }

    var vectorDefines: [String] { ["HEAD_WIDTH=\(headWidth)", "ROWS=\(vectorRows)"] }

    /// Refuses a head that no attention kernel takes.
    func checkHeadWidth() throws(OpenCLBackendError) {
        guard headWidth % 16 == 0, headWidth <= 128 else {
            throw .headWidth(headWidth)
        }
    }
}

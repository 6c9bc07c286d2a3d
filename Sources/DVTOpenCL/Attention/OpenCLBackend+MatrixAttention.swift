import DVTCore
import DVTSupport
import OpenCLRuntime

/// How `attention_mma.cl` divides an attention into work-groups.
struct MatrixAttention: Equatable {
    /// The subgroups of a work-group, each with 16 queries.
    let subgroups: Int
    /// The fragments of 16 coarse tokens, or 0 if nothing is reused.
    let coarseFragments: Int

    /// The local memory that OpenCL grants on NVIDIA's GPUs, in bytes.
    private static let localBytes = 49_152
    /// The sizes for which everything stays in registers: the widest head, the most fragments of
    /// coarse tokens, whose product with the queries' weights does, and the fewest subgroups, since
    /// each of a few copies more.
    private static func limits(
        _ family: MatrixInstructions.Family
    ) -> (headWidth: Int, coarseFragments: Int, subgroups: ClosedRange<Int>) {
        switch family {
        case .ptx, .cdna, .emulated: (128, 8, 1...7)
        // A fragment takes twice the registers of RDNA 4.
        case .rdna3: (128, 0, 1...7)
        case .rdna4: (128, 4, 1...7)
        case .xmx16: (64, 5, 8...8)
        case .xmx8: (32, 0, 8...8)
        }
    }

    /// The division with the fewest idle subgroups, or nil if the reused relations are too many for
    /// registers or local memory.
    ///
    /// - Parameters:
    ///   - sizes: the sizes of the attention.
    ///   - instructions: the matrix instructions.
    init?(_ sizes: AttentionSizes, _ instructions: MatrixInstructions) {
        let coarse = ceilDiv(sizes.coarseTokens, 16)
        let limits = Self.limits(instructions.family)
        guard coarse <= limits.coarseFragments, sizes.headWidth <= limits.headWidth else {
            return nil
        }
        let most = Self.localBytes - 16 * coarse * (2 * coarse + 1) * 16
        let queries = ceilDiv(sizes.queries, 16)
        let counts = limits.subgroups.filter { 32 * sizes.headWidth * $0 <= most }
        guard let best = counts.min(by: { Self.cost(queries, $0) < Self.cost(queries, $1) }) else {
            return nil
        }
        subgroups = best
        coarseFragments = coarse
    }

    /// The work of a choice: every work-group reads all keys, which costs as much as two subgroups.
    private static func cost(_ queries: Int, _ subgroups: Int) -> Int {
        ceilDiv(queries, subgroups) * (subgroups + 2)
    }

    /// The queries of a work-group.
    var queries: Int { 16 * subgroups }

    /// The macros of the kernel.
    func macros(headWidth: Int, keepsLogits: Bool) -> [String] {
        [
            "HEAD_WIDTH=\(headWidth)", "SUBGROUPS=\(subgroups)",
            "COARSE_FRAGMENTS=\(coarseFragments)",
        ] + (keepsLogits ? ["KEEP"] : [])
    }
}

/// The weights of a resampling as packed fragments; see `attention_mma.cl`.
struct PackedResampling {
    /// `[T', S']`, T and S rounded up to multiples of 16.
    let weights: OpenCLTensor
    /// A bit mask per 16 fine tokens: the fragments with weights other than 0.
    let used: Buffer

    init(_ resampling: GridResampling, on backend: OpenCLBackend) throws {
        let taps = resampling.tokenTaps
        let (rows, columns) = (taps.count, resampling.source * resampling.source + 1)
        var matrix = [Float](repeating: 0, count: rows * columns)
        var masks = [UInt32](repeating: 0, count: ceilDiv(rows, 16))
        for (token, list) in taps.enumerated() {
            for tap in list where tap.weight != 0 {
                matrix[token * columns + tap.index] = tap.weight
                masks[token / 16] |= 1 << UInt32(tap.index / 16)
            }
        }
        weights = try backend.packedFragments(
            of: backend.upload(Tensor([rows, columns], values: matrix)))
        used = try backend.context.makeBuffer(byteCount: masks.count * 4, access: .readOnly)
        try backend.queue.write(masks, to: used)
    }
}

extension OpenCLBackend {
    /// A matrix in the order in which lanes hold fragments of 16 x 16, zeros beyond its elements.
    ///
    /// - Parameter matrix: `[R, K]`.
    /// - Returns: `[R', K']`, R and K rounded up to multiples of 16.
    /// - Throws: the device's error.
    func packedFragments(of matrix: OpenCLTensor) throws -> OpenCLTensor {
        let (rows, columns) = (matrix.shape[0], matrix.shape[1])
        let packed = try makeScratch([
            rows.roundedUp(toMultipleOf: 16), columns.roundedUp(toMultipleOf: 16),
        ])
        try enqueue(
            KernelCall(
                "pack_fragments", in: "pack_fragments", instructions: matrixInstructions,
                [
                    "packed": .buffer(packed.buffer), "matrix": .tensor(matrix),
                    "rows": .int(rows), "columns": .int(columns),
                ],
                over: .groups(
                    [ceilDiv(columns, 16), ceilDiv(rows, 16)],
                    items: [matrixInstructions.lanes, 1])))
        return packed
    }

    /// Relations whose rows begin at multiples of 16 bytes: the same, or a copy.
    package func paddedRelations(_ relations: OpenCLTensor) throws -> OpenCLTensor {
        let columns = relations.shape[-1]
        let pitch = relationPitch(tokens: columns)
        guard relations.rowPitch != pitch else { return relations }
        let padded = try makeTensor(relations.shape, rowPitch: pitch)
        try enqueuePadding(
            of: relations, to: padded.buffer, rows: relations.shape.rowCount, columns: columns,
            pitch: pitch)
        return padded
    }

    /// Enqueues attention on matrix instructions.
    ///
    /// Relations with unpadded rows, which no model has, are copied before and after.
    func enqueueMatrixAttention(
        _ plan: MatrixAttention, _ sizes: AttentionSizes, _ qkv: OpenCLTensor, scale: Float,
        reusing relations: ReusedRelations<OpenCLTensor>?,
        keeping logits: KeptRelations<OpenCLTensor>?, to output: OpenCLTensor
    ) throws {
        let coarse = try relations.map { try paddedRelations($0.coarse) }
        let kept = try logits.map { try paddedRelations($0.store) }
        let table = try relations.map { try packedTable($0.resampling) }
        try enqueue(
            KernelCall(
                "attention_mma", in: "attention_mma",
                macros: plan.macros(headWidth: sizes.headWidth, keepsLogits: kept != nil),
                instructions: matrixInstructions,
                [
                    "output": .tensor(output), "logits": .tensor(kept), "qkv": .tensor(qkv),
                    "coarse": .tensor(coarse), "weights": .tensor(table?.weights),
                    "used": .optional(table?.used), "tokens": .int(sizes.tokens),
                    "attending": .int(sizes.queries), "heads": .int(sizes.heads),
                    "kept_channels": .int(sizes.keptChannels),
                    "kept_channel": .int(logits?.channel ?? 0),
                    "kept_pitch": .int(kept?.rowPitch ?? 0),
                    "coarse_channels": .int(sizes.coarseChannels),
                    "coarse_channel": .int(relations?.channel ?? 0),
                    "coarse_tokens": .int(sizes.coarseTokens),
                    "coarse_pitch": .int(coarse?.rowPitch ?? 0), "scale": .float(scale),
                ],
                over: .groups(
                    [ceilDiv(sizes.queries, plan.queries), sizes.heads, sizes.batch],
                    items: [matrixInstructions.lanes * plan.subgroups, 1, 1])))
        if let store = logits?.store, let kept, kept !== store {
            try enqueueCopy(
                of: kept, to: store, rows: store.shape.rowCount, width: store.shape[-1],
                stride: kept.rowPitch)
        }
    }
}

import DVTCore
import DVTSupport
import OpenCLRuntime

extension OpenCLBackend {
    package func attentionGradient(
        _ dy: OpenCLTensor, _ qkv: OpenCLTensor, logits: KeptRelations<OpenCLTensor>, heads: Int,
        scale: Float, queries: AttentionQueries, logitsGradient: OpenCLTensor?,
        relationsGradient: ReusedRelations<OpenCLTensor>?
    ) throws -> OpenCLTensor {
        let sizes = try AttentionSizes(
            qkv: qkv.shape, heads: heads, queries: queries,
            reusing: relationsGradient.map(RelationShape.init), keeping: RelationShape(logits))
        try requireShape("dy", dy.shape, sizes.outputShape)
        if let logitsGradient {
            try requireShape("logits gradient", logitsGradient.shape, logits.store.shape)
        }
        try sizes.checkHeadWidth()
        // Tokens that are not among the queries receive no dq.
        let dqkv =
            sizes.queries < sizes.tokens ? try zeros(qkv.shape) : try makeTensor(qkv.shape)
        let call = AttentionGradientCall(
            sizes: sizes, dqkv: dqkv, dy: dy, qkv: qkv, logits: logits,
            dlogits: logitsGradient, scale: scale)
        let changes = try enqueueGradient(call)
        if let relationsGradient {
            try enqueueRelationGradient(changes, relationsGradient, sizes)
        }
        return dqkv
    }

    /// Enqueues the gradient by the kernels that suit the device.
    ///
    /// - Returns: the gradient of the attention logits, `[B, H, Q, P]` with P at least T.
    private func enqueueGradient(_ call: AttentionGradientCall) throws -> OpenCLTensor {
        if kernelStyle == .vector { return try enqueueVectorGradient(call) }
        if usesMatrixInstructions { return try enqueueMatrixGradient(call) }
        return try enqueueTileGradient(call)
    }

    /// Enqueues the gradient by the vector kernels.
    ///
    /// - Returns: the gradient of the attention logits, `[B, H, Q, P]`.
    private func enqueueVectorGradient(_ call: AttentionGradientCall) throws -> OpenCLTensor {
        let sizes = call.sizes
        // Keys have two accumulators, queries only one; all should fit into 32 registers.
        let columns = max(1, 192 / sizes.headWidth)
        let macros = sizes.vectorMacros + ["COLUMNS=\(columns)"]
        let (values, padded) = try transposedHeads(call.qkv, part: 2, sizes, sizes.vectorMacros)
        let weights = try makeTensor([sizes.batch, sizes.heads, sizes.queries, padded])
        let changes = try makeTensor(weights.shape)
        let shared = call.tensors(weights: weights, changes: changes)
        let extents: KernelArguments = try [
            "tokens": .int(sizes.tokens), "attending": .int(sizes.queries),
            "padded": .int(padded), "heads": .int(sizes.heads),
        ]
        try enqueue(
            KernelCall(
                "attention_gradient_rows", in: "attention_gradient_vector", macros: macros,
                shared + ["values": .tensor(values)] + call.logitArguments + extents
                    + call.keptArguments,
                over: .groups(
                    ceilDiv(sizes.queries, sizes.vectorRows), sizes.heads, sizes.batch)))
        try enqueue(
            KernelCall(
                "attention_gradient_columns", in: "attention_gradient_vector", macros: macros,
                shared + extents + ["scale": .float(call.scale)],
                over: .groups(ceilDiv(sizes.tokens, columns), sizes.heads, sizes.batch)))
        return changes
    }

    /// Enqueues the gradient by the tile kernels.
    ///
    /// - Returns: the gradient of the attention logits, `[B, H, Q, T]`.
    private func enqueueTileGradient(_ call: AttentionGradientCall) throws -> OpenCLTensor {
        let sizes = call.sizes
        let weights = try makeTensor([sizes.batch, sizes.heads, sizes.queries, sizes.tokens])
        let changes = try makeTensor(weights.shape)
        let shared = call.tensors(weights: weights, changes: changes)
        let extents: KernelArguments = try [
            "tokens": .int(sizes.tokens), "attending": .int(sizes.queries),
            "heads": .int(sizes.heads),
        ]
        // ROWS, KEYS and ITEMS of the kernels.
        let (rows, keys, items) = (16, 32, 128)
        func enqueue(_ name: String, _ arguments: KernelArguments, groups: Int) throws {
            try self.enqueue(
                KernelCall(
                    name, in: "attention_gradient", macros: ["HEAD_WIDTH=\(sizes.headWidth)"],
                    arguments,
                    over: .groups([groups, sizes.heads, sizes.batch], items: [items, 1, 1])))
        }
        try enqueue(
            "attention_gradient_rows",
            shared + call.logitArguments + extents + call.keptArguments,
            groups: ceilDiv(sizes.queries, rows))
        try enqueue(
            "attention_gradient_columns", shared + extents + ["scale": .float(call.scale)],
            groups: 2 * ceilDiv(sizes.tokens, keys))
        return changes
    }

    private func enqueueRelationGradient(
        _ changes: OpenCLTensor, _ relations: ReusedRelations<OpenCLTensor>,
        _ sizes: AttentionSizes
    ) throws {
        let table = try transposedTable(relations.resampling)
        let planes = sizes.batch * sizes.heads
        try enqueue(
            KernelCall(
                "relation_gradient", in: "attention_gradient",
                [
                    "dcoarse": .tensor(relations.coarse), "changes": .tensor(changes),
                    "indices": .buffer(table.indices), "tap_weights": .buffer(table.weights),
                    "planes": .int(planes), "attending": .int(sizes.queries),
                    "pitch": .int(changes.shape[-1]), "heads": .int(sizes.heads),
                    "coarse_channels": .int(sizes.coarseChannels),
                    "coarse_channel": .int(relations.channel),
                    "coarse_tokens": .int(sizes.coarseTokens), "taps": .int(table.taps),
                ], over: .elements(sizes.coarseTokens, sizes.coarseTokens, planes)))
    }

    package func performerAttentionGradient(
        _ dy: OpenCLTensor, _ y: OpenCLTensor, _ kqv: OpenCLTensor,
        randomFeatures features: OpenCLLinear
    ) throws -> OpenCLTensor {
        let sizes = try PerformerSizes(kqv: kqv.shape, features: features.weight.shape)
        try requireShape("y", y.shape, sizes.outputShape)
        try requireShape("dy", dy.shape, sizes.outputShape)
        let rows = sizes.batch * sizes.tokens
        let (phi, sums) = try performerFeatures(kqv, features: features.weight, sizes)
        let extents: KernelArguments = try [
            "rows": .int(rows), "tokens": .int(sizes.tokens), "count": .int(sizes.features),
            "width": .int(sizes.width),
        ]
        func enqueue(_ name: String, _ tensors: KernelArguments, over grid: KernelGrid) throws {
            try self.enqueue(
                KernelCall(name, in: "performer_gradient", tensors + extents, over: grid))
        }
        let rates = try makeTensor([sizes.batch, sizes.tokens, 2], .float32)
        try enqueue(
            "performer_rates",
            [
                "rates": .float32(rates), "dy": .tensor(dy), "y": .tensor(y),
                "phi": .float32(phi), "sums": .float32(sums),
            ], over: .elements(rows))
        let dsums = try performerSums(sizes) { partial, chunks in
            try self.enqueue(
                KernelCall(
                    "performer_sum_gradients", in: "performer_gradient",
                    macros: ["SUM_CHUNK=\(performerChunk)"],
                    [
                        "partial": .float32(partial), "phi": .float32(phi),
                        "rates": .float32(rates), "dy": .tensor(dy), "batch": .int(sizes.batch),
                        "tokens": .int(sizes.tokens), "chunks": .int(chunks),
                        "count": .int(sizes.features), "width": .int(sizes.width),
                    ],
                    over: .elements(sizes.features * (sizes.width + 1), chunks, sizes.batch)))
        }
        let slopes = try makeTensor(phi.shape, .float32)
        try enqueue(
            "performer_slopes",
            [
                "slopes": .float32(slopes), "phi": .float32(phi), "rates": .float32(rates),
                "dy": .tensor(dy), "kqv": .tensor(kqv), "sums": .float32(sums),
                "dsums": .float32(dsums),
            ], over: .elements(2 * sizes.features, rows))
        let dkqv = try makeTensor(kqv.shape)
        try enqueue(
            "performer_gradient",
            [
                "dkqv": .tensor(dkqv), "slopes": .float32(slopes), "phi": .float32(phi),
                "kqv": .tensor(kqv), "features": .tensor(features.weight),
                "dsums": .float32(dsums),
            ], over: .elements(3 * sizes.width, rows))
        return dkqv
    }
}

/// The operands of the attention gradient kernels of all styles.
struct AttentionGradientCall {
    let sizes: AttentionSizes
    let dqkv: OpenCLTensor
    let dy: OpenCLTensor
    let qkv: OpenCLTensor
    let logits: KeptRelations<OpenCLTensor>
    let dlogits: OpenCLTensor?
    let scale: Float

    /// The arguments that all kernels begin with.
    ///
    /// - Parameters:
    ///   - weights: the attention weights.
    ///   - changes: the gradient of the logits.
    /// - Returns: the arguments.
    func tensors(weights: OpenCLTensor, changes: OpenCLTensor) -> KernelArguments {
        [
            "dqkv": .tensor(dqkv), "weights": .tensor(weights), "changes": .tensor(changes),
            "dy": .tensor(dy), "qkv": .tensor(qkv),
        ]
    }

    /// The stored logits and their gradient.
    var logitArguments: KernelArguments {
        ["logits": .tensor(logits.store), "dlogits": .tensor(dlogits)]
    }

    /// The channels of the stored logits, whose rows are not padded, and the scale.
    var keptArguments: KernelArguments {
        get throws {
            try [
                "kept_channels": .int(sizes.keptChannels), "kept_channel": .int(logits.channel),
                "scale": .float(scale),
            ]
        }
    }
}

import DVTCore
import OpenCLRuntime

extension OpenCLBackend {
    /// Implements
    /// ``/DVTAutodiff/DifferentiableBackend/attentionGradient(_:_:logits:heads:scale:queries:logitsGradient:relationsGradient:)``.
    public func attentionGradient(
        _ dy: OpenCLTensor, _ qkv: OpenCLTensor, logits: KeptLogits<OpenCLTensor>, heads: Int,
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
        // Tokens that did not attend have no dq.
        let dqkv =
            sizes.queries < sizes.tokens ? try zeros(qkv.shape) : try makeTensor(qkv.shape)
        let call = AttentionGradientCall(
            sizes: sizes, dqkv: dqkv, dy: dy, qkv: qkv, logits: logits,
            dlogits: logitsGradient, scale: scale)
        let changes =
            kernelStyle == .vector
            ? try enqueueVectorGradient(call) : try enqueueTileGradient(call)
        if let relationsGradient {
            try enqueueRelationGradient(changes, relationsGradient, sizes)
        }
        return dqkv
    }

    /// Enqueues the gradient; its result is dA, `[B, H, Q, P]`.
    private func enqueueVectorGradient(_ call: AttentionGradientCall) throws -> OpenCLTensor {
        let sizes = call.sizes
        // Twice as many accumulators a key as a query has, of 32 registers.
        let columns = max(1, 192 / sizes.headWidth)
        let defines = sizes.vectorDefines + ["COLUMNS=\(columns)"]
        let (values, padded) = try transposedHeads(call.qkv, part: 2, sizes, sizes.vectorDefines)
        let weights = try makeTensor([sizes.batch, sizes.heads, sizes.queries, padded])
        let changes = try makeTensor(weights.shape)
        try queue.enqueue(
            kernels.kernel(
                "attention_gradient_rows", in: "attention_gradient_vector", defines: defines),
            arguments: [
                .tensor(call.dqkv), .tensor(weights), .tensor(changes), .tensor(call.dy),
                .tensor(call.qkv), .tensor(values), .tensor(call.logits.store),
                .tensor(call.dlogits), .int(sizes.tokens), .int(sizes.queries), .int(padded),
                .int(sizes.heads), .int(sizes.keptChannels), .int(call.logits.channel),
                .float(call.scale),
            ],
            global: [
                (sizes.queries + sizes.vectorRows - 1) / sizes.vectorRows, sizes.heads,
                sizes.batch,
            ], local: [1, 1, 1])
        try queue.enqueue(
            kernels.kernel(
                "attention_gradient_columns", in: "attention_gradient_vector", defines: defines),
            arguments: [
                .tensor(call.dqkv), .tensor(weights), .tensor(changes), .tensor(call.dy),
                .tensor(call.qkv), .int(sizes.tokens), .int(sizes.queries), .int(padded),
                .int(sizes.heads), .float(call.scale),
            ],
            global: [(sizes.tokens + columns - 1) / columns, sizes.heads, sizes.batch],
            local: [1, 1, 1])
        return changes
    }

    /// The same by tiles in local memory.
    private func enqueueTileGradient(_ call: AttentionGradientCall) throws -> OpenCLTensor {
        let sizes = call.sizes
        let weights = try makeTensor([sizes.batch, sizes.heads, sizes.queries, sizes.tokens])
        let changes = try makeTensor(weights.shape)
        // The kernels' ROWS, KEYS and ITEMS.
        let (rows, keys, items) = (16, 32, 128)
        func enqueue(_ name: String, _ arguments: [KernelArgument], groups: Int) throws {
            try queue.enqueue(
                kernels.kernel(
                    name, in: "attention_gradient", defines: ["HEAD_WIDTH=\(sizes.headWidth)"]),
                arguments: arguments, global: [groups * items, sizes.heads, sizes.batch],
                local: [items, 1, 1])
        }
        try enqueue(
            "attention_gradient_rows",
            [
                .tensor(call.dqkv), .tensor(weights), .tensor(changes), .tensor(call.dy),
                .tensor(call.qkv), .tensor(call.logits.store), .tensor(call.dlogits),
                .int(sizes.tokens), .int(sizes.queries), .int(sizes.heads),
                .int(sizes.keptChannels), .int(call.logits.channel), .float(call.scale),
            ], groups: (sizes.queries + rows - 1) / rows)
        try enqueue(
            "attention_gradient_columns",
            [
                .tensor(call.dqkv), .tensor(weights), .tensor(changes), .tensor(call.dy),
                .tensor(call.qkv), .int(sizes.tokens), .int(sizes.queries), .int(sizes.heads),
                .float(call.scale),
            ], groups: 2 * ((sizes.tokens + keys - 1) / keys))
        return changes
    }

    private func enqueueRelationGradient(
        _ changes: OpenCLTensor, _ relations: ReusedRelations<OpenCLTensor>,
        _ sizes: AttentionSizes
    ) throws {
        let table = try transposedTable(relations.resampling)
        let planes = sizes.batch * sizes.heads
        try enqueueElements(
            "relation_gradient", in: "attention_gradient",
            [
                .tensor(relations.coarse), .tensor(changes), .buffer(table.indices),
                .buffer(table.weights), .int(planes), .int(sizes.queries),
                .int(changes.shape[-1]), .int(sizes.heads), .int(sizes.coarseChannels),
                .int(relations.channel), .int(sizes.coarseTokens), .int(table.taps),
            ], over: [sizes.coarseTokens, sizes.coarseTokens, planes])
    }

    /// Implements
    /// ``/DVTAutodiff/DifferentiableBackend/performerAttentionGradient(_:_:_:features:)``.
    public func performerAttentionGradient(
        _ dy: OpenCLTensor, _ y: OpenCLTensor, _ kqv: OpenCLTensor, features: OpenCLLinear
    ) throws -> OpenCLTensor {
        let sizes = try PerformerSizes(kqv: kqv.shape, features: features.weight.shape)
        try requireShape("y", y.shape, sizes.outputShape)
        try requireShape("dy", dy.shape, sizes.outputShape)
        let rows = sizes.batch * sizes.tokens
        let (phi, sums) = try performerFeatures(kqv, features: features.weight, sizes)
        let counts: [KernelArgument] = try [
            .int(rows), .int(sizes.tokens), .int(sizes.features), .int(sizes.width),
        ]
        func enqueue(_ name: String, _ tensors: [OpenCLTensor], over extents: [Int]) throws {
            try enqueueElements(
                name, in: "performer_gradient", tensors.map { .tensor($0) } + counts,
                over: extents)
        }
        let rates = try makeTensor([sizes.batch, sizes.tokens, 2])
        try enqueue("performer_rates", [rates, dy, y, phi, sums], over: [rows])
        let dsums = try performerSums(sizes) { partial, chunks in
            try enqueueElements(
                "performer_sum_gradients", in: "performer_gradient",
                defines: ["SUM_CHUNK=\(performerChunk)"],
                [
                    .tensor(partial), .tensor(phi), .tensor(rates), .tensor(dy),
                    .int(sizes.batch), .int(sizes.tokens), .int(chunks), .int(sizes.features),
                    .int(sizes.width),
                ], over: [sizes.features * (sizes.width + 1), chunks, sizes.batch])
        }
        let slopes = try makeTensor(phi.shape)
        try enqueue(
            "performer_slopes", [slopes, phi, rates, dy, kqv, sums, dsums],
            over: [2 * sizes.features, rows])
        let dkqv = try makeTensor(kqv.shape)
        try enqueue(
            "performer_gradient", [dkqv, slopes, phi, kqv, features.weight, dsums],
            over: [3 * sizes.width, rows])
        return dkqv
    }
}

/// What both ways of an attention's gradient take.
private struct AttentionGradientCall {
    let sizes: AttentionSizes
    let dqkv: OpenCLTensor
    let dy: OpenCLTensor
    let qkv: OpenCLTensor
    let logits: KeptLogits<OpenCLTensor>
    let dlogits: OpenCLTensor?
    let scale: Float
}

import DVTCore

extension ONNXGraphBackend {
    func makeRelations(batch: Int, channels: Int, tokens: Int) -> ONNXTensor {
        ONNXTensor([batch, channels, tokens, tokens], .store)
    }

    func attention(
        _ qkv: ONNXTensor, heads: Int, scale: Float, queries: AttentionQueries,
        reusing relations: ReusedRelations<ONNXTensor>?,
        keeping logits: KeptRelations<ONNXTensor>?
    ) throws -> ONNXTensor {
        let sizes = try AttentionSizes(
            qkv: qkv.shape, heads: heads, queries: queries,
            reusing: relations.map(RelationShape.init), keeping: logits.map(RelationShape.init))
        let parts = graph.split(name(qkv), axis: 2, parts: 3)
        let rows =
            sizes.queries == sizes.tokens
            ? parts[0] : graph.slice(parts[0], axis: 1, 0..<sizes.queries)
        let q = perHead(rows, sizes, rows: sizes.queries, [0, 2, 1, 3])
        let k = perHead(parts[1], sizes, rows: sizes.tokens, [0, 2, 3, 1])
        let v = perHead(parts[2], sizes, rows: sizes.tokens, [0, 2, 1, 3])
        var scores = graph.add("Mul", [graph.add("MatMul", [q, k]), graph.scalar(scale)])
        if let relations {
            let reused = try resampled(relations, sizes, queries: queries)
            scores = graph.add("Add", [scores, reused])
        }
        logits?.store.take(scores, channel: logits?.channel ?? 0)
        let weights = graph.add("Softmax", [scores], [.int("axis", -1)])
        let attended = graph.transpose(graph.add("MatMul", [weights, v]), [0, 2, 1, 3])
        let shape = [0] + sizes.outputShape.dimensions.dropFirst()
        return value(graph.reshape(attended, shape), sizes.outputShape)
    }

    func performerAttention(
        _ kqv: ONNXTensor, randomFeatures: LinearParameters<ONNXTensor>
    ) throws -> ONNXTensor {
        let sizes = try PerformerSizes(kqv: kqv.shape, features: randomFeatures.weight.shape)
        let parts = graph.split(name(kqv), axis: 2, parts: 3)
        let keys = try phi(parts[0], randomFeatures, sizes)
        let queries = try phi(parts[1], randomFeatures, sizes)
        let values = graph.add("MatMul", [graph.transpose(keys, [0, 2, 1]), parts[2]])
        let mass = graph.sum(graph.add("Mul", [queries, graph.sum(keys, axis: 1)]), axis: -1)
        let attended = graph.add(
            "Div",
            [
                graph.add("MatMul", [queries, values]),
                graph.add("Add", [mass, graph.scalar(1e-8)]),
            ])
        return value(attended, sizes.outputShape)
    }

    /// `exp(z w^T - |z|^2 / 2) / sqrt(m)`.
    private func phi(
        _ z: String, _ features: LinearParameters<ONNXTensor>, _ sizes: PerformerSizes
    ) throws -> String {
        let squares = graph.sum(graph.add("Mul", [z, z]), axis: -1)
        let exponent = graph.add(
            "Sub",
            [
                graph.add("MatMul", [z, try transposedName(features.weight)]),
                graph.add("Mul", [squares, graph.scalar(0.5)]),
            ])
        let scale = Float(1 / Double(sizes.features).squareRoot())
        return graph.add("Mul", [graph.add("Exp", [exponent]), graph.scalar(scale)])
    }

    /// Rows `[B, rows, H d]` with axes `[B, rows, H, d]`, permuted.
    private func perHead(
        _ x: String, _ sizes: AttentionSizes, rows: Int, _ axes: [Int]
    ) -> String {
        graph.transpose(graph.reshape(x, [0, rows, sizes.heads, sizes.headWidth]), axes)
    }

    /// One block's part of the coarse relations, for every pair of tokens of this stage.
    private func resampled(
        _ relations: ReusedRelations<ONNXTensor>, _ sizes: AttentionSizes,
        queries: AttentionQueries
    ) throws -> String {
        let channels = relations.channel..<relations.channel + sizes.heads
        var rows = graph.slice(name(relations.coarse), axis: 1, channels)
        switch queries {
        case .allTokens:
            rows = graph.add("MatMul", [resamplingMatrix(relations.resampling), rows])
        // The class token's row is the coarse one's.
        case .classToken: rows = graph.slice(rows, axis: 2, 0..<1)
        }
        return graph.add(
            "MatMul", [rows, resamplingMatrix(relations.resampling, isTransposed: true)])
    }
}

/// The sizes of ``Backend/attention(_:heads:scale:queries:reusing:keeping:)``, checked.
package struct AttentionSizes: Equatable, Sendable {
    package let batch: Int
    package let tokens: Int
    /// The number of tokens, from the first, whose attention is computed.
    package let queries: Int
    package let heads: Int
    package let headWidth: Int
    /// The channels of the reused relations, L x H, and their tokens S; 0 without reuse.
    package let coarseChannels: Int
    package let coarseTokens: Int
    /// The channels of the store for the logits; 0 if there is none.
    package let keptChannels: Int

    package var width: Int { heads * headWidth }
    /// The attended values, `[B, T, D]`, or `[B, D]` for class tokens.
    package let outputShape: Shape

    package init(
        qkv: Shape, heads: Int, queries: AttentionQueries, reusing relations: RelationShape?,
        keeping logits: RelationShape?
    ) throws(ShapeError) {
        guard qkv.rank == 3, heads > 0, qkv[2] > 0, qkv[2] % (3 * heads) == 0 else {
            let reason = "shape \(qkv) is not [B, T, 3D] with D a multiple of \(heads) heads"
            throw .invalid(name: "qkv", reason: reason)
        }
        batch = qkv[0]
        tokens = qkv[1]
        self.heads = heads
        headWidth = qkv[2] / (3 * heads)
        switch queries {
        case .allTokens:
            self.queries = tokens
            outputShape = [batch, tokens, qkv[2] / 3]
        case .classToken:
            guard tokens > 0 else {
                throw .invalid(name: "qkv", reason: "shape \(qkv) has no class token")
            }
            self.queries = 1
            outputShape = [batch, qkv[2] / 3]
        }
        try relations?.check("reused relations", batch: batch, heads: heads)
        if let grid = relations?.resampling, grid.target * grid.target + 1 != tokens {
            let reason =
                "resampled to a grid of side \(grid.target), but there are \(tokens) tokens"
            throw .invalid(name: "reused relations", reason: reason)
        }
        try logits?.check(
            "kept logits", batch: batch, heads: heads, pairs: (self.queries, tokens))
        // The checks above ensure that the stores have these axes.
        coarseChannels = relations?.store[1] ?? 0
        coarseTokens = relations?.store[-1] ?? 0
        keptChannels = logits?.store[1] ?? 0
    }
}

/// A store of relations `[B, LH, T, T]` and one block's channels in it.
package struct RelationShape: Equatable, Sendable {
    package let store: Shape
    package let channel: Int
    package let resampling: GridResampling?

    package init<DeviceTensor: BackendTensor>(_ relations: ReusedRelations<DeviceTensor>) {
        store = relations.coarse.shape
        channel = relations.channel
        resampling = relations.resampling
    }

    package init<DeviceTensor: BackendTensor>(_ logits: KeptRelations<DeviceTensor>) {
        store = logits.store.shape
        channel = logits.channel
        resampling = nil
    }

    fileprivate func check(
        _ name: String, batch: Int, heads: Int, pairs: (queries: Int, keys: Int)? = nil
    ) throws(ShapeError) {
        let side = resampling.map { $0.source * $0.source + 1 } ?? 0
        guard store.rank == 4 else {
            throw .invalid(name: name, reason: "shape \(store) is not [B, LH, T, T]")
        }
        try requireShape(
            name, store, [batch, store[1], pairs?.queries ?? side, pairs?.keys ?? side])
        guard channel >= 0, channel + heads <= store[1] else {
            let reason = "channels \(channel) ..< \(channel + heads) are not among its \(store[1])"
            throw .invalid(name: name, reason: reason)
        }
    }
}

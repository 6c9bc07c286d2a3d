import DVTCore
import Glibc

extension ReferenceBackend {
    /// Implements ``/DVTCore/Backend/attention(_:heads:scale:queries:reusing:keeping:)``.
    public func attention(
        _ qkv: ReferenceTensor, heads: Int, scale: Float, queries: AttentionQueries,
        reusing relations: ReusedRelations<ReferenceTensor>?,
        keeping logits: KeptRelations<ReferenceTensor>?
    ) throws -> ReferenceTensor {
        let sizes = try AttentionSizes(
            qkv: qkv.shape, heads: heads, queries: queries,
            reusing: relations.map(RelationShape.init), keeping: logits.map(RelationShape.init))
        let attention = AttentionRows(sizes: sizes, qkv: qkv.values, scale: Double(scale))
        let reuse = relations.map { CoarseRelations($0, sizes: sizes) }
        let scores = ReferenceTensor(
            [sizes.batch, heads, sizes.queries, sizes.tokens], rowWidth: sizes.tokens
        ) { row, output in
            attention.scores(of: row, reusing: reuse, into: output)
        }
        if let logits {
            logits.take(scores.values, sizes: sizes)
        }
        let kept = scores.values
        return ReferenceTensor(sizes.outputShape, rowWidth: sizes.width) { row, output in
            let (image, token) = row.quotientAndRemainder(dividingBy: sizes.queries)
            for head in 0..<heads {
                let start = ((image * heads + head) * sizes.queries + token) * sizes.tokens
                let weights = softmax(kept[start..<start + sizes.tokens])
                attention.average(image: image, head: head, weights: weights, into: output)
            }
        }
    }

    /// Implements ``/DVTCore/Backend/makeRelations(batch:channels:tokens:)``.
    public func makeRelations(batch: Int, channels: Int, tokens: Int) -> ReferenceTensor {
        upload(Tensor([batch, channels, tokens, tokens], repeating: 0))
    }
}

/// The inputs of an attention, and the steps for one row.
private struct AttentionRows: Sendable {
    let sizes: AttentionSizes
    let qkv: [Float]
    let scale: Double

    /// The offset of a token's query (part 0), key (1) or value (2) for one head.
    private func start(image: Int, token: Int, part: Int, head: Int) -> Int {
        ((image * sizes.tokens + token) * 3 + part) * sizes.width + head * sizes.headWidth
    }

    /// One row of `q k^T * scale + R`; rows are numbered over images, heads and queries.
    func scores(
        of row: Int, reusing reuse: CoarseRelations?, into output: UnsafeMutableBufferPointer<Float>
    ) {
        let (plane, query) = row.quotientAndRemainder(dividingBy: sizes.queries)
        let (image, head) = plane.quotientAndRemainder(dividingBy: sizes.heads)
        let q = start(image: image, token: query, part: 0, head: head)
        let reused = reuse?.row(image: image, head: head, query: query)
        for key in output.indices {
            let k = start(image: image, token: key, part: 1, head: head)
            let product = dot(qkv, q, qkv, k, count: sizes.headWidth) * scale
            output[key] = Float(product + (reused?[key] ?? 0))
        }
    }

    /// One head's weighted sum of the values.
    func average(
        image: Int, head: Int, weights: [Double], into output: UnsafeMutableBufferPointer<Float>
    ) {
        var sum = [Double](repeating: 0, count: sizes.headWidth)
        for (key, weight) in weights.enumerated() {
            let v = start(image: image, token: key, part: 2, head: head)
            for column in sum.indices {
                sum[column] += weight * Double(qkv[v + column])
            }
        }
        for (column, value) in sum.enumerated() {
            output[head * sizes.headWidth + column] = Float(value)
        }
    }
}

/// Coarse relations, resampled row by row.
private struct CoarseRelations: Sendable {
    let values: [Float]
    let channels: Int
    let channel: Int
    let tokens: Int
    let taps: [[GridResampling.Tap]]

    init(_ relations: ReusedRelations<ReferenceTensor>, sizes: AttentionSizes) {
        values = relations.coarse.values
        channels = sizes.coarseChannels
        channel = relations.channel
        tokens = sizes.coarseTokens
        taps = relations.resampling.tokenTaps
    }

    /// One row of R, with one element per key.
    func row(image: Int, head: Int, query: Int) -> [Double] {
        let plane = (image * channels + channel + head) * tokens
        var coarse = [Double](repeating: 0, count: tokens)
        for tap in taps[query] {
            for column in coarse.indices {
                let value = values[(plane + tap.index) * tokens + column]
                coarse[column] += Double(tap.weight) * Double(value)
            }
        }
        return taps.map { $0.reduce(0) { $0 + Double($1.weight) * coarse[$1.index] } }
    }
}

extension KeptRelations<ReferenceTensor> {
    /// Writes a block's logits `[B, H, T, T]` to its channels of the store.
    fileprivate func take(_ scores: [Float], sizes: AttentionSizes) {
        let plane = sizes.queries * sizes.tokens
        let length = sizes.heads * plane
        for image in 0..<sizes.batch {
            let start = (image * sizes.keptChannels + channel) * plane
            store.values.replaceSubrange(
                start..<start + length, with: scores[image * length..<(image + 1) * length])
        }
    }
}

/// The softmax of a row of logits.
func softmax(_ logits: ArraySlice<Float>, temperature: Double = 1) -> [Double] {
    let largest = Double(logits.max() ?? 0)
    let powers = logits.map { exp((Double($0) - largest) / temperature) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
}

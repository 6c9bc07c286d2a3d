import DVTCore
import Glibc

extension ReferenceBackend {
    package func attentionGradient(
        _ dy: ReferenceTensor, _ qkv: ReferenceTensor, logits: KeptRelations<ReferenceTensor>,
        heads: Int, scale: Float, queries: AttentionQueries, logitsGradient: ReferenceTensor?,
        relationsGradient: ReusedRelations<ReferenceTensor>?
    ) throws -> ReferenceTensor {
        let sizes = try AttentionSizes(
            qkv: qkv.shape, heads: heads, queries: queries,
            reusing: relationsGradient.map(RelationShape.init), keeping: RelationShape(logits))
        try requireShape("dy", dy.shape, sizes.outputShape)
        if let logitsGradient {
            try requireShape("logits gradient", logitsGradient.shape, logits.store.shape)
        }
        let gradients = AttentionGradients(
            sizes: sizes, qkv: qkv.values, dy: dy.values, logits: logits.store.values,
            channel: logits.channel, dlogits: logitsGradient?.values, scale: Double(scale))
        let planes = ReferenceTensor(
            [sizes.batch, heads, sizes.queries, sizes.tokens],
            rowWidth: sizes.queries * sizes.tokens
        ) { plane, output in
            gradients.logitGradients(plane, into: output)
        }
        if let relationsGradient {
            relationsGradient.add(planes.values, sizes: sizes)
        }
        let dA = planes.values
        let byHead = ReferenceTensor(
            [sizes.batch, heads, sizes.tokens, 3 * sizes.headWidth],
            rowWidth: sizes.tokens * 3 * sizes.headWidth
        ) { plane, output in
            gradients.inputGradients(plane, dA, into: output)
        }
        return interleaved(byHead, sizes)
    }

    /// `[B, H, T, 3, d]` to `[B, T, 3, H, d]`.
    private func interleaved(
        _ x: ReferenceTensor, _ sizes: AttentionSizes
    ) -> ReferenceTensor {
        let (values, width) = (x.values, sizes.headWidth)
        return ReferenceTensor([sizes.batch, sizes.tokens, 3 * sizes.width], rowWidth: width) {
            row, output in
            let (rest, head) = row.quotientAndRemainder(dividingBy: sizes.heads)
            let (token, part) = rest.quotientAndRemainder(dividingBy: 3)
            let (image, index) = token.quotientAndRemainder(dividingBy: sizes.tokens)
            let plane = image * sizes.heads + head
            let start = ((plane * sizes.tokens + index) * 3 + part) * width
            _ = output.update(fromContentsOf: values[start..<start + width])
        }
    }
}

/// The inputs of the attention gradient, and its two steps for one head of one image.
private struct AttentionGradients: Sendable {
    let sizes: AttentionSizes
    let qkv: [Float]
    let dy: [Float]
    let logits: [Float]
    let channel: Int
    let dlogits: [Float]?
    let scale: Double

    private func start(_ plane: Int, token: Int, part: Int) -> Int {
        let (image, head) = plane.quotientAndRemainder(dividingBy: sizes.heads)
        return ((image * sizes.tokens + token) * 3 + part) * sizes.width + head * sizes.headWidth
    }

    private func dyStart(_ plane: Int, query: Int) -> Int {
        let (image, head) = plane.quotientAndRemainder(dividingBy: sizes.heads)
        return (image * sizes.queries + query) * sizes.width + head * sizes.headWidth
    }

    /// The offset of a query's logits in their store.
    private func logitStart(_ plane: Int, query: Int) -> Int {
        let (image, head) = plane.quotientAndRemainder(dividingBy: sizes.heads)
        let row = (image * sizes.keptChannels + channel + head) * sizes.queries + query
        return row * sizes.tokens
    }

    private func probabilities(_ plane: Int, query: Int) -> [Double] {
        let start = logitStart(plane, query: query)
        return softmax(logits[start..<start + sizes.tokens])
    }

    /// `dA = P (dP - rowsum(P dP)) + dlogits`.
    func logitGradients(_ plane: Int, into output: UnsafeMutableBufferPointer<Float>) {
        for query in 0..<sizes.queries {
            let weights = probabilities(plane, query: query)
            let row = dyStart(plane, query: query)
            let changes = (0..<sizes.tokens).map {
                dot(dy, row, qkv, start(plane, token: $0, part: 2), count: sizes.headWidth)
            }
            let mean = zip(weights, changes).reduce(0) { $0 + $1.0 * $1.1 }
            let kept = logitStart(plane, query: query)
            for key in 0..<sizes.tokens {
                let handedBack = Double(dlogits?[kept + key] ?? 0)
                output[query * sizes.tokens + key] =
                    Float(weights[key] * (changes[key] - mean) + handedBack)
            }
        }
    }

    /// dq, dk and dv of every token, `[T, 3, d]`.
    func inputGradients(
        _ plane: Int, _ dA: [Float], into output: UnsafeMutableBufferPointer<Float>
    ) {
        let width = sizes.headWidth
        var sums = [Double](repeating: 0, count: sizes.tokens * 3 * width)
        for query in 0..<sizes.queries {
            let weights = probabilities(plane, query: query)
            let q = start(plane, token: query, part: 0)
            let row = dyStart(plane, query: query)
            for key in 0..<sizes.tokens {
                let change =
                    scale * Double(dA[(plane * sizes.queries + query) * sizes.tokens + key])
                let k = start(plane, token: key, part: 1)
                for column in 0..<width {
                    sums[query * 3 * width + column] += change * Double(qkv[k + column])
                    sums[(key * 3 + 1) * width + column] += change * Double(qkv[q + column])
                    sums[(key * 3 + 2) * width + column] +=
                        weights[key] * Double(dy[row + column])
                }
            }
        }
        output.take(sums)
    }
}

extension ReusedRelations<ReferenceTensor> {
    /// Adds the gradients of a block's logits `[B, H, Q, T]`, resampled to the coarse grid.
    fileprivate func add(_ dA: [Float], sizes: AttentionSizes) {
        let (taps, coarseTokens) = (resampling.tokenTaps, sizes.coarseTokens)
        for plane in 0..<sizes.batch * sizes.heads {
            let (image, head) = plane.quotientAndRemainder(dividingBy: sizes.heads)
            var sums = [Double](repeating: 0, count: coarseTokens * coarseTokens)
            for query in 0..<sizes.queries {
                let start = (plane * sizes.queries + query) * sizes.tokens
                var row = [Double](repeating: 0, count: coarseTokens)
                for key in 0..<sizes.tokens {
                    for tap in taps[key] {
                        row[tap.index] += Double(tap.weight) * Double(dA[start + key])
                    }
                }
                for tap in taps[query] {
                    for column in row.indices {
                        sums[tap.index * coarseTokens + column] += Double(tap.weight) * row[column]
                    }
                }
            }
            let first =
                (image * sizes.coarseChannels + channel + head) * coarseTokens * coarseTokens
            for (index, sum) in sums.enumerated() {
                coarse.values[first + index] += Float(sum)
            }
        }
    }
}

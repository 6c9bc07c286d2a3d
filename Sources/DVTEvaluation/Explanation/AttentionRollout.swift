package import DVTCore
import Glibc

/// Attention rollout: the attention of the pooled tokens to the input tokens through all blocks.
///
/// The attention of a block is `A = softmax(logits)` over the keys, averaged over the heads. The
/// identity accounts for the residual connection, and each row is divided by its sum. The product
/// of all blocks, the last one first, gives the contribution of each input token to the tokens that
/// the head reads: the class token, or others, with equal shares:
///
///     M_l = (mean over heads of A_l) + I, each row over its sum
///     rollout = M_(L-1) ... M_1 M_0
///
/// Computed in Double. Only one row is needed, so no matrices are multiplied.
///
/// - SeeAlso: Abnar and Zuidema, Quantifying Attention Flow in Transformers, 2020,
///   <https://arxiv.org/abs/2005.00928>.
package struct AttentionRollout: Sendable {
    private var batch = 0
    private var tokens = 0
    /// M of every block, `[B, T, T]`.
    private var blocks: [[Double]] = []

    /// Creates a rollout without blocks.
    package init() {}

    /// Adds the next block.
    ///
    /// - Parameter logits: the attention logits, `[B, H, T, T]`, queries before keys, with the same
    ///   B and T for every block.
    /// - Throws: ``/DVTCore/ShapeError`` if the shape does not fit.
    package mutating func append(_ logits: Tensor) throws {
        try check(logits.shape)
        let (heads, rows) = (logits.shape[1], tokens)
        var mixing = [Double](repeating: 0, count: batch * rows * rows)
        for image in 0..<batch {
            for row in 0..<rows {
                let start = (image * rows + row) * tokens
                for head in 0..<heads {
                    let source = ((image * heads + head) * rows + row) * tokens
                    let attention = softmax(logits.values[source..<source + tokens])
                    for (key, value) in attention.enumerated() {
                        mixing[start + key] += value / Double(heads)
                    }
                }
                mixing[start + row] += 1
                normalize(&mixing[start..<start + tokens])
            }
        }
        blocks.append(mixing)
    }

    /// The pooled tokens' row for each image, over the patches.
    ///
    /// - Parameters:
    ///   - pooling: which tokens the head reads.
    ///   - prefix: the tokens P before the patches.
    /// - Returns: for each image the shares of the T - P patches, row-major over the grid, which
    ///   add up to 1; all 0 if the tokens attended to no patch.
    package func attention(
        of pooling: TokenPooling = .classToken, prefix: Int = 1
    ) -> [[Double]] {
        (0..<batch).map { image in
            var row = (0..<tokens).map { token in
                let average = pooling.averagedFrom.map {
                    token >= $0 ? 1.0 / Double(tokens - $0) : 0
                }
                return (token < pooling.first ? 1 : 0) + (average ?? 0)
            }
            for block in blocks.reversed() {
                row = product(row, block[image * tokens * tokens..<(image + 1) * tokens * tokens])
            }
            var patches = row.dropFirst(prefix)
            normalize(&patches)
            return Array(patches)
        }
    }

    private mutating func check(_ shape: Shape) throws {
        guard shape.rank == 4, shape[1] > 0, shape[2] > 0, shape[2] == shape[3] else {
            throw ShapeError.invalid(
                name: "attention logits", reason: "shape \(shape) is not [B, H, T, T]")
        }
        guard blocks.isEmpty || (shape[0] == batch && shape[2] == tokens) else {
            throw ShapeError.mismatch(
                name: "attention logits", expected: [batch, shape[1], tokens, tokens],
                actual: shape)
        }
        (batch, tokens) = (shape[0], shape[2])
    }
}

private func softmax(_ logits: ArraySlice<Float>) -> [Double] {
    let largest = Double(logits.max() ?? 0)
    var powers = logits.map { exp(Double($0) - largest) }[...]
    normalize(&powers)
    return Array(powers)
}

/// Divides values by their sum unless it is 0.
private func normalize(_ values: inout ArraySlice<Double>) {
    let sum = values.reduce(0, +)
    guard sum != 0 else { return }
    for index in values.indices {
        values[index] /= sum
    }
}

/// Multiplies a row by a square matrix.
private func product(_ row: [Double], _ matrix: ArraySlice<Double>) -> [Double] {
    var result = [Double](repeating: 0, count: row.count)
    for (index, factor) in row.enumerated() {
        let start = matrix.startIndex + index * row.count
        for column in result.indices {
            result[column] += factor * matrix[start + column]
        }
    }
    return result
}

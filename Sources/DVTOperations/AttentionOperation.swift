import DVTCore

/// ``Backend/attention(_:heads:scale:queries:reusing:keeping:)``.
package struct AttentionOperation: NetworkOperation {
    package let name = "attention"
    let batch: Int
    let grid: Int
    let heads: Int
    let headWidth: Int
    let queries: AttentionQueries
    let coarseGrid: Int?
    let keepsLogits: Bool
    let magnitude: Float

    /// Describes an attention.
    ///
    /// - Parameters:
    ///   - batch: B.
    ///   - grid: the side of the token grid; T is its square plus 1.
    ///   - heads: H.
    ///   - headWidth: d.
    ///   - queries: the tokens that attend.
    ///   - coarseGrid: the side of the grid whose relations are reused, or nil.
    ///   - keepsLogits: whether the logits are written out.
    ///   - magnitude: a factor of q and k; larger ones make the softmax sharper.
    package init(
        batch: Int, grid: Int, heads: Int, headWidth: Int,
        queries: AttentionQueries = .allTokens, reusing coarseGrid: Int? = nil,
        keepsLogits: Bool = false, magnitude: Float = 1
    ) {
        self.batch = batch
        self.grid = grid
        self.heads = heads
        self.headWidth = headWidth
        self.queries = queries
        self.coarseGrid = coarseGrid
        self.keepsLogits = keepsLogits
        self.magnitude = magnitude
    }

    private var tokens: Int { grid * grid + 1 }
    private var attending: Int { queries == .classToken ? 1 : tokens }
    private var qkv: Shape { [batch, tokens, 3 * heads * headWidth] }
    private var coarse: Shape? {
        coarseGrid.map { [batch, 2 * heads, $0 * $0 + 1, $0 * $0 + 1] }
    }

    /// An absolute error of a logit becomes a relative error of its exponential, and logits grow
    /// with the square of the magnitude.
    package var tolerance: Double { 1e-6 * Double(max(1, magnitude)) }

    /// The backward pass reads logits that were rounded when they were kept, which the forward pass
    /// does not: measured up to 5.9 at magnitude 4 and 23 at 8.
    package var gradientRoundings: Double { Double(max(3, magnitude * magnitude / 2)) }

    package var sizes: String {
        let extras = [
            queries == .classToken ? "class" : nil, coarseGrid.map { "reuse=\($0)" },
            keepsLogits ? "keep" : nil,
        ]
        let base = "B=\(batch) T=\(tokens) H=\(heads) d=\(headWidth)"
        return ([base] + extras.compactMap { $0 }).joined(separator: " ")
    }
    package var multiplyAdds: Int { 2 * batch * heads * attending * tokens * headWidth }
    package var byteCount: Int {
        let logits = batch * heads * tokens * tokens
        let inputs = byteSum(qkv, [(coarse?.elementCount ?? 0) / 2])
        return inputs + byteSum([batch, attending, heads * headWidth], [keepsLogits ? logits : 0])
    }

    package func prepare<B: Backend>(on backend: B) throws -> () throws -> [B.DeviceTensor] {
        let x = try backend.upload(input("qkv", qkv, scale: 2 * magnitude))
        // The block uses the second half of the channels, which reveals a wrong offset.
        let relations = try coarse.map {
            ReusedRelations(
                coarse: try backend.upload(input("coarse", $0)), channel: heads,
                resampling: GridResampling(from: coarseGrid ?? grid, to: grid))
        }
        let store = Tensor([batch, 2 * heads, tokens, tokens], repeating: -1)
        let kept =
            keepsLogits
            ? KeptRelations(store: try backend.upload(store), channel: heads) : nil
        let scale = Float(1 / Double(headWidth).squareRoot())
        return {
            let output = try backend.attention(
                x, heads: heads, scale: scale, queries: queries, reusing: relations, keeping: kept)
            return [output] + (kept.map { [$0.store] } ?? [])
        }
    }
}

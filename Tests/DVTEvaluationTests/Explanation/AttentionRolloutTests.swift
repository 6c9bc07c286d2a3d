import DVTCore
import DVTEvaluation
import Glibc
import Testing

/// Compares attention rollout with hand-computed cases and plain matrix products.
@Suite struct AttentionRolloutTests {
    /// Logits whose softmax is 1 for one key of every query and 0 for the others.
    private func oneHot(tokens: Int, key: (Int) -> Int) -> Tensor {
        let values: [Float] = (0..<tokens).flatMap { query in
            (0..<tokens).map { $0 == key(query) ? 0 : -.infinity }
        }
        return Tensor([1, 1, tokens, tokens], values: values)
    }

    private func rollout(_ blocks: [Tensor]) throws -> [[Double]] {
        var rollout = AttentionRollout()
        for block in blocks { try rollout.append(block) }
        return rollout.attention()
    }

    @Test func selfAttentionAloneGivesNoShares() throws {
        let identity = oneHot(tokens: 5) { $0 }
        #expect(try rollout([identity, identity]) == [[0, 0, 0, 0]])
    }

    @Test(arguments: [1, 2, 12])
    func uniformAttentionGivesUniformShares(depth: Int) throws {
        let even = Tensor([2, 3, 5, 5], repeating: 7)
        let attention = try rollout(Array(repeating: even, count: depth))
        #expect(attention.count == 2)
        for share in attention.flatMap({ $0 }) {
            #expect(abs(share - 0.25) < 1e-15)
        }
    }

    /// One head attends to token 3 alone, the other to all four: 0.5 + 0.125 of a row of 1.
    @Test func headsAreAveraged() throws {
        let one = oneHot(tokens: 4) { _ in 3 }
        let logits = Tensor([1, 2, 4, 4], values: one.values + [Float](repeating: 0, count: 16))
        let attention = try rollout([logits])[0]
        // Without the class token's own column, 0.625 + 2 * 0.125 remain.
        #expect(zip(attention, [1.0 / 7, 1.0 / 7, 5.0 / 7]).allSatisfy { abs($0 - $1) < 1e-15 })
    }

    /// In the first block token 1 attends to token 2, in the second the class token to token 1: it
    /// receives half of each.
    @Test func laterBlocksComposeWithEarlierOnes() throws {
        let first = oneHot(tokens: 3) { $0 == 1 ? 2 : $0 }
        let second = oneHot(tokens: 3) { $0 == 0 ? 1 : $0 }
        #expect(try rollout([first, second]) == [[0.5, 0.5]])
        #expect(try rollout([second, first]) == [[1, 0]])
    }

    @Test func equalsMatrixProducts() throws {
        let (batch, heads, tokens) = (2, 3, 10)
        let blocks = (0..<4).map { depth in
            Tensor.uniform(
                [batch, heads, tokens, tokens], name: "logits", seed: UInt64(depth), scale: 8)
        }
        let attention = try rollout(blocks)
        for image in 0..<batch {
            let expected = plainRollout(blocks, image: image, heads: heads, tokens: tokens)
            for (share, other) in zip(attention[image], expected) {
                #expect(abs(share - other) < 1e-14)
            }
            #expect(abs(attention[image].reduce(0, +) - 1) < 1e-14)
        }
    }

    /// Every matrix in full, in the order of the paper.
    private func plainRollout(
        _ blocks: [Tensor], image: Int, heads: Int, tokens: Int
    ) -> [Double] {
        func logit(_ block: Tensor, _ head: Int, _ row: Int, _ column: Int) -> Double {
            Double(block.values[((image * heads + head) * tokens + row) * tokens + column])
        }
        var product: [[Double]] = (0..<tokens).map { row in
            (0..<tokens).map { $0 == row ? 1 : 0 }
        }
        for block in blocks {
            var mixing = product
            for row in 0..<tokens {
                for column in 0..<tokens {
                    var mean = row == column ? 1.0 : 0
                    for head in 0..<heads {
                        let sum = (0..<tokens).reduce(0) { $0 + exp(logit(block, head, row, $1)) }
                        mean += exp(logit(block, head, row, column)) / sum / Double(heads)
                    }
                    mixing[row][column] = mean / 2
                }
            }
            product = (0..<tokens).map { row in
                (0..<tokens).map { column in
                    (0..<tokens).reduce(0) { $0 + mixing[row][$1] * product[$1][column] }
                }
            }
        }
        let patches = product[0].dropFirst()
        return patches.map { $0 / patches.reduce(0, +) }
    }

    @Test func shapesMustFit() throws {
        var rollout = AttentionRollout()
        #expect(rollout.attention().isEmpty)
        #expect(throws: ShapeError.self) { try rollout.append(Tensor([3, 5, 5], repeating: 0)) }
        #expect(throws: ShapeError.self) { try rollout.append(Tensor([1, 2, 5, 4], repeating: 0)) }
        #expect(throws: ShapeError.self) { try rollout.append(Tensor([1, 0, 5, 5], values: [])) }
        try rollout.append(Tensor([1, 2, 5, 5], repeating: 0))
        #expect(
            throws: ShapeError.mismatch(
                name: "attention logits", expected: [1, 2, 5, 5], actual: [1, 2, 6, 6])
        ) {
            try rollout.append(Tensor([1, 2, 6, 6], repeating: 0))
        }
        // Another number of heads is allowed.
        try rollout.append(Tensor([1, 4, 5, 5], repeating: 0))
    }
}

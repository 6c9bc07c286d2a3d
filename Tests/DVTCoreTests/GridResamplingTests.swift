import DVTCore
import Testing

@Suite struct GridResamplingTests {
    /// One axis of a resampling, as rows of weights over source cells.
    private func weights(_ source: Int, _ target: Int) -> [[Float]] {
        GridResampling(from: source, to: target).axisTaps.map { taps in
            var row = [Float](repeating: 0, count: source)
            for tap in taps { row[tap.index] += tap.weight }
            return row
        }
    }

    @Test func repeatsWhereTheGridDoubles() {
        #expect(weights(2, 4) == [[1, 0], [1, 0], [0, 1], [0, 1]])
    }

    @Test func equalGridsAreUnchanged() {
        #expect(weights(3, 3) == [[1, 0, 0], [0, 1, 0], [0, 0, 1]])
    }

    /// 2 -> 3 uses u = 4: windows 0..<2, 1..<3 and 2..<4 over 0 0 1 1.
    @Test func averagesOverlappingWindows() {
        #expect(weights(2, 3) == [[1, 0], [0.5, 0.5], [0, 1]])
    }

    /// 3 -> 2 uses u = 3: windows 0..<2 and 1..<3.
    @Test func averagesTowardsASmallerGrid() {
        #expect(weights(3, 2) == [[0.5, 0.5, 0], [0, 0.5, 0.5]])
    }

    /// 7 -> 10 uses u = 14: window 1 is 1..<3 over 0 0 1 1 ..., with equal weights of cells 0 and
    /// 1.
    @Test func followsTheStepsOfThePaper() {
        let rows = weights(7, 10)
        #expect(rows[0] == [1, 0, 0, 0, 0, 0, 0])
        #expect(rows[1] == [0.5, 0.5, 0, 0, 0, 0, 0])
        #expect(rows[9] == [0, 0, 0, 0, 0, 0, 1])
    }

    @Test(arguments: [(1, 1), (1, 3), (4, 7), (7, 10), (7, 14), (10, 14), (14, 10), (14, 24)])
    func weightsOfATokenAddUpToOne(source: Int, target: Int) {
        let taps = GridResampling(from: source, to: target).tokenTaps
        #expect(taps.count == target * target + 1)
        #expect(taps[0].map(\.index) == [0] && taps[0].map(\.weight) == [1])
        for token in taps {
            let sum = token.reduce(0) { $0 + $1.weight }
            // Up to nine weights, each rounded once.
            #expect(abs(sum - 1) < 1e-6)
        }
        for token in taps.dropFirst() {
            #expect(token.allSatisfy { (1...source * source).contains($0.index) })
        }
    }

    @Test(arguments: [(7, 10), (14, 10), (2, 3)])
    func tableHoldsTheTaps(source: Int, target: Int) {
        let resampling = GridResampling(from: source, to: target)
        let table = resampling.table()
        let tokens = target * target + 1
        #expect(table.indices.count == table.width * tokens)
        for (token, taps) in resampling.tokenTaps.enumerated() {
            for entry in 0..<table.width {
                let weight = table.weights[entry * tokens + token]
                if entry < taps.count {
                    #expect(table.indices[entry * tokens + token] == Int32(taps[entry].index))
                    #expect(weight == taps[entry].weight)
                } else {
                    #expect(weight == 0)
                }
            }
        }
    }
}

/// The chance of being right as a function of the score that never falls: pool adjacent violators.
///
/// The least squares fit of a non-decreasing function to outcomes of 0 and 1. It has no parameter
/// to choose, and it keeps a lucky run of images from looking like a good threshold.
enum IsotonicRegression {
    private struct Block {
        var sum: Double
        var count: Int
        var mean: Double { sum / Double(count) }
    }

    /// Fits the function and evaluates it at the scores themselves.
    ///
    /// - Parameters:
    ///   - scores: the scores.
    ///   - outcomes: whether each was right.
    /// - Returns: the chance for each score, in 0...1; equal scores have equal chances.
    static func chances(scores: [Float], outcomes: [Bool]) -> [Double] {
        let order = scores.indices.sorted { scores[$0] < scores[$1] }
        var blocks: [Block] = []
        var start = 0
        while start < order.count {
            let end =
                order[start...].firstIndex { scores[$0] > scores[order[start]] } ?? order.count
            let right = order[start..<end].count { outcomes[$0] }
            var block = Block(sum: Double(right), count: end - start)
            while let last = blocks.last, last.mean >= block.mean {
                blocks.removeLast()
                block.sum += last.sum
                block.count += last.count
            }
            blocks.append(block)
            start = end
        }
        var chances = [Double](repeating: 0, count: scores.count)
        var place = 0
        for block in blocks {
            for image in order[place..<place + block.count] { chances[image] = block.mean }
            place += block.count
        }
        return chances
    }
}

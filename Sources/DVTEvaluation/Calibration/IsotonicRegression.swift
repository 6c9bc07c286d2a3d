/// Isotonic regression of correctness on the score, by pool adjacent violators.
///
/// This is the least-squares fit of a non-decreasing function to outcomes of 0 and 1. It has no
/// parameters, and it smooths out lucky runs of images that would look like good thresholds.
enum IsotonicRegression {
    private struct Block {
        var sum: Double
        var count: Int
        var mean: Double { sum / Double(count) }
    }

    /// Fits the function and evaluates it at the scores.
    ///
    /// - Parameters:
    ///   - scores: the score of each prediction.
    ///   - outcomes: whether each prediction is correct.
    /// - Returns: the probability of being correct for each score; equal scores have equal values.
    static func probabilities(scores: [Float], outcomes: [Bool]) -> [Double] {
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
        var probabilities = [Double](repeating: 0, count: scores.count)
        var place = 0
        for block in blocks {
            for image in order[place..<place + block.count] { probabilities[image] = block.mean }
            place += block.count
        }
        return probabilities
    }
}

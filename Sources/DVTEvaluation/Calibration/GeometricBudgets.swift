import Glibc

/// The authors' budgeted batch classification: 59 budgets whose thresholds give each exit a fixed
/// share of the images.
///
/// In budget p, the share of exit k (from 1) is proportional to q^k with q = p / 20. The threshold
/// of an exit is the score at which its share of the images that have not exited earlier is
/// reached.
package struct GeometricBudgets: Sendable {
    /// The budgets; higher ones are slower and more accurate.
    package static let budgets = 1...59

    private let scores: ExitScores
    /// The images for each exit but the last, by decreasing score.
    private let orders: [[Int]]

    /// Prepares threshold selection.
    ///
    /// - Parameter scores: the scores of the calibration images.
    package init(_ scores: ExitScores) {
        self.scores = scores
        orders = scores.scores.dropLast().map { scores in
            scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }
        }
    }

    /// The shares of the exits, `exp(k ln q)` divided by the sum, in float32 as the authors compute
    /// them.
    ///
    /// - Parameters:
    ///   - budget: p, one of ``budgets``.
    ///   - exits: the number of exits K.
    /// - Returns: K shares that add up to 1.
    package static func shares(budget: Int, exits: Int) -> [Float] {
        let logarithm = log(Float(budget) / 20)
        let powers = (1...exits).map { exp(logarithm * Float($0)) }
        let sum = powers.reduce(0, +)
        return powers.map { $0 / sum }
    }

    /// The thresholds of one budget.
    ///
    /// - Parameter budget: p, one of ``budgets``.
    /// - Returns: one per exit: 1e8 if no image exits there, and -1e8 for the last.
    package func thresholds(budget: Int) -> [Float] {
        precondition(Self.budgets.contains(budget), "budget \(budget) is not in \(Self.budgets)")
        let shares = Self.shares(budget: budget, exits: scores.exits)
        var hasExited = [Bool](repeating: false, count: scores.images)
        var thresholds: [Float] = []
        for (exit, order) in orders.enumerated() {
            let goal = Int((Float(scores.images) * shares[exit]).rounded(.down))
            let threshold = threshold(exit: exit, order: order, goal: goal, hasExited: hasExited)
            for image in order.prefix(while: { scores.scores[exit][$0] >= threshold }) {
                hasExited[image] = true
            }
            thresholds.append(threshold)
        }
        return thresholds + [ThresholdEnds.last]
    }

    /// The score at which `goal` of the remaining images have exited.
    private func threshold(exit: Int, order: [Int], goal: Int, hasExited: [Bool]) -> Float {
        var count = 0
        for image in order where !hasExited[image] {
            count += 1
            if count == goal { return scores.scores[exit][image] }
        }
        return ThresholdEnds.none
    }
}

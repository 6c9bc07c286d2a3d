import Glibc

/// The authors' budgeted batch classification: 59 budgets, each with thresholds that let fixed
/// shares of the images leave.
///
/// In budget p, the share meant for exit k (from 1) is proportional to q^k with q = p / 20. An
/// exit's threshold is the score at which its share of images, among those that no earlier exit
/// has taken, is reached.
public struct GeometricBudgets: Sendable {
    /// The budgets; higher ones are slower and more accurate.
    public static let budgets = 1...59

    private let scores: ExitScores
    /// The images of every exit but the last, surest first.
    private let orders: [[Int]]

    /// Sorts the images that thresholds are chosen on.
    ///
    /// - Parameter scores: the images' scores.
    public init(_ scores: ExitScores) {
        self.scores = scores
        orders = scores.scores.dropLast().map { scores in
            scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }
        }
    }

    /// The shares meant for the exits, in float32 as the authors compute them: `exp(k ln q)`,
    /// divided by the sum.
    ///
    /// - Parameters:
    ///   - budget: p, one of ``budgets``.
    ///   - exits: K.
    /// - Returns: K shares that add up to 1.
    public static func shares(budget: Int, exits: Int) -> [Float] {
        let logarithm = log(Float(budget) / 20)
        let powers = (1...exits).map { exp(logarithm * Float($0)) }
        let sum = powers.reduce(0, +)
        return powers.map { $0 / sum }
    }

    /// The thresholds of one budget.
    ///
    /// - Parameter budget: p, one of ``budgets``.
    /// - Returns: one for every exit: 1e8 where no image is to leave, and -1e8 for the last.
    public func thresholds(budget: Int) -> [Float] {
        precondition(Self.budgets.contains(budget), "budget \(budget) is not in \(Self.budgets)")
        let shares = Self.shares(budget: budget, exits: scores.exits)
        var hasLeft = [Bool](repeating: false, count: scores.images)
        var thresholds: [Float] = []
        for (exit, order) in orders.enumerated() {
            let goal = Int((Float(scores.images) * shares[exit]).rounded(.down))
            let threshold = threshold(exit: exit, order: order, goal: goal, hasLeft: hasLeft)
            for image in order.prefix(while: { scores.scores[exit][$0] >= threshold }) {
                hasLeft[image] = true
            }
            thresholds.append(threshold)
        }
        return thresholds + [ThresholdEnds.last]
    }

    /// The score at which a number of images have left, of those that are still there.
    private func threshold(exit: Int, order: [Int], goal: Int, hasLeft: [Bool]) -> Float {
        var count = 0
        for image in order where !hasLeft[image] {
            count += 1
            if count == goal { return scores.scores[exit][image] }
        }
        return ThresholdEnds.none
    }
}

import Glibc

extension ThresholdProblem {
    /// The number of prices of cost.
    private static let priceCount = 64
    /// The lowest price as a fraction of the highest; still lower ones save almost nothing.
    private static let priceRange = 1e-4
    /// The maximum rounds of ascent, which usually converges after three or four.
    private static let roundLimit = 20

    /// Maximizes `value - price * cost` for many prices, one exit's threshold at a time.
    func lagrangianSearch() -> ThresholdFrontier {
        var frontier = ThresholdFrontier()
        let all = grid.thresholds.map { _ in 0 }
        let none = grid.thresholds.map { $0.count - 1 }
        var previous = all
        for price in prices {
            let ascended = [previous, all, none].map { ascend(from: $0, price: price) }
            for choice in ascended {
                let (value, cost) = outcome(choice)
                frontier.add(cost: cost, value: value, choice: choice)
            }
            previous = ascended[0]
        }
        return frontier
    }

    /// Decreasing prices, starting with one at which no stage is worth its cost.
    private var prices: [Double] {
        let leastStep = zip(costs, costs.dropFirst()).map { $1 - $0 }.min() ?? 1
        return (0..<Self.priceCount).map { step in
            pow(Self.priceRange, Double(step) / Double(Self.priceCount - 1)) / leastStep
        }
    }

    private func ascend(from start: [Int], price: Double) -> [Int] {
        var choice = start
        for _ in 0..<Self.roundLimit {
            let before = choice
            for exit in 0..<last {
                choice[exit] = bestThreshold(exit: exit, others: choice, price: price)
            }
            if choice == before { break }
        }
        return choice
    }

    /// The best threshold of one exit with the others fixed.
    private func bestThreshold(exit: Int, others: [Int], price: Double) -> Int {
        var gains = [Double](repeating: 0, count: grid.thresholds[exit].count)
        for image in 0..<images where !(0..<exit).contains(where: { exits($0, image, others) }) {
            let later = (exit + 1..<last).first { exits($0, image, others) } ?? last
            gains[Int(grid.reached[exit][image])] +=
                probabilities[exit][image] - probabilities[later][image]
                + price * (costs[later] - costs[exit])
        }
        var (sum, best, bestThreshold) = (0.0, -Double.infinity, others[exit])
        for threshold in gains.indices.reversed() {
            sum += gains[threshold]
            // Ties keep the current threshold: otherwise the ascent would not terminate.
            let isCurrent = threshold == others[exit]
            if sum > best + (isCurrent ? -1e-9 : 1e-9) {
                (best, bestThreshold) = (sum, threshold)
            }
        }
        return bestThreshold
    }

    private func exits(_ exit: Int, _ image: Int, _ choice: [Int]) -> Bool {
        Int(grid.reached[exit][image]) >= choice[exit]
    }

    private func outcome(_ choice: [Int]) -> (value: Double, cost: Double) {
        (0..<images).reduce((0, 0)) { sum, image in
            let exit = (0..<last).first { exits($0, image, choice) } ?? last
            return (sum.0 + probabilities[exit][image], sum.1 + costs[exit])
        }
    }
}

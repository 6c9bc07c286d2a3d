extension ThresholdProblem {
    /// The steps of an exhaustive search, or `Int.max` where they cannot be counted: the images for
    /// every combination of thresholds but those of the last exit that has some.
    var exhaustiveSteps: Int {
        grid.thresholds.dropLast().reduce(images) { product, thresholds in
            let (next, overflow) = product.multipliedReportingOverflow(by: thresholds.count)
            return overflow ? .max : next
        }
    }

    /// Looks at every combination.
    func exhaustiveSearch() -> ThresholdFrontier {
        var frontier = ThresholdFrontier()
        search(
            exit: 0, images: Array(0..<images), value: 0, cost: 0, choice: [], into: &frontier)
        return frontier
    }

    /// Looks at every combination of the thresholds from one exit on.
    ///
    /// - Parameters:
    ///   - exit: the exit.
    ///   - images: those that no earlier exit has taken.
    ///   - value: the chances of those that one has taken.
    ///   - cost: their costs.
    ///   - choice: the earlier exits' thresholds.
    ///   - frontier: takes what is found.
    private func search(
        exit: Int, images: [Int], value: Double, cost: Double, choice: [Int],
        into frontier: inout ThresholdFrontier
    ) {
        guard exit < last - 1 else {
            sweep(
                exit: exit, images: images, value: value, cost: cost, choice: choice,
                into: &frontier)
            return
        }
        let reached = grid.reached[exit]
        let sorted = images.sorted { reached[$0] < reached[$1] }
        var (rest, value, cost) = (sorted.count, value, cost)
        for threshold in grid.thresholds[exit].indices.reversed() {
            while rest > 0, reached[sorted[rest - 1]] >= threshold {
                rest -= 1
                value += chances[exit][sorted[rest]]
                cost += costs[exit]
            }
            search(
                exit: exit + 1, images: Array(sorted[..<rest]), value: value, cost: cost,
                choice: choice + [threshold], into: &frontier)
        }
    }

    /// Tries every threshold of the last exit that has some: one pass over the images, then one
    /// over the thresholds, from that where no image leaves to that where all do.
    private func sweep(
        exit: Int, images: [Int], value: Double, cost: Double, choice: [Int],
        into frontier: inout ThresholdFrontier
    ) {
        let count = grid.thresholds[exit].count
        var gains = [Double](repeating: 0, count: count)
        var leaving = [Int](repeating: 0, count: count)
        var (value, cost) = (value, cost + Double(images.count) * costs[last])
        for image in images {
            let cell = Int(grid.reached[exit][image])
            gains[cell] += chances[exit][image] - chances[last][image]
            leaving[cell] += 1
            value += chances[last][image]
        }
        for threshold in (0..<count).reversed() {
            value += gains[threshold]
            cost -= Double(leaving[threshold]) * (costs[last] - costs[exit])
            frontier.add(cost: cost, value: value, choice: choice + [threshold])
        }
    }
}

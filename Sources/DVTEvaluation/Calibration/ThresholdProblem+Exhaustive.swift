extension ThresholdProblem {
    /// The number of steps of an exhaustive search, saturating at `Int.max`: the images times the
    /// threshold combinations of all thresholded exits but the last.
    var exhaustiveSteps: Int {
        grid.thresholds.dropLast().reduce(images) { product, thresholds in
            let (next, overflow) = product.multipliedReportingOverflow(by: thresholds.count)
            return overflow ? .max : next
        }
    }

    /// Evaluates every combination.
    func exhaustiveSearch() -> ThresholdFrontier {
        var frontier = ThresholdFrontier()
        search(
            exit: 0, images: Array(0..<images), value: 0, cost: 0, choice: [], into: &frontier)
        return frontier
    }

    /// Evaluates every combination of thresholds from an exit on.
    ///
    /// - Parameters:
    ///   - exit: the current exit.
    ///   - images: the images that have not exited earlier.
    ///   - value: the sum of probabilities of the images that have.
    ///   - cost: the sum of their costs.
    ///   - choice: the thresholds of the earlier exits.
    ///   - frontier: receives the candidates.
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
                value += probabilities[exit][sorted[rest]]
                cost += costs[exit]
            }
            search(
                exit: exit + 1, images: Array(sorted[..<rest]), value: value, cost: cost,
                choice: choice + [threshold], into: &frontier)
        }
    }

    /// Evaluates every threshold of the last thresholded exit: one pass over the images, then one
    /// over the thresholds, from the one at which no image exits to the one at which all do.
    private func sweep(
        exit: Int, images: [Int], value: Double, cost: Double, choice: [Int],
        into frontier: inout ThresholdFrontier
    ) {
        let count = grid.thresholds[exit].count
        var gains = [Double](repeating: 0, count: count)
        var exiting = [Int](repeating: 0, count: count)
        var (value, cost) = (value, cost + Double(images.count) * costs[last])
        for image in images {
            let cell = Int(grid.reached[exit][image])
            gains[cell] += probabilities[exit][image] - probabilities[last][image]
            exiting[cell] += 1
            value += probabilities[last][image]
        }
        for threshold in (0..<count).reversed() {
            value += gains[threshold]
            cost -= Double(exiting[threshold]) * (costs[last] - costs[exit])
            frontier.add(cost: cost, value: value, choice: choice + [threshold])
        }
    }
}

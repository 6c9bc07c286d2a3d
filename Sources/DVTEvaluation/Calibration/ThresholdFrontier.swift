/// The Pareto-optimal choices: each is more accurate than all cheaper ones.
struct ThresholdFrontier {
    /// One choice: the threshold index of each exit but the last.
    struct Candidate {
        let cost: Double
        let value: Double
        let choice: [Int]
    }

    private var candidates: [Candidate] = []
    private var limit = 1 << 16

    /// Adds a choice.
    mutating func add(cost: Double, value: Double, choice: [Int]) {
        candidates.append(Candidate(cost: cost, value: value, choice: choice))
        guard candidates.count >= limit else { return }
        // Dominated candidates only take memory.
        candidates = optimal
        limit = max(limit, 2 * candidates.count)
    }

    /// The undominated choices, cheapest first.
    var optimal: [Candidate] {
        let sorted = candidates.sorted { ($0.cost, -$0.value) < ($1.cost, -$1.value) }
        var best = -Double.infinity
        return sorted.filter { candidate in
            // Sums of the same numbers in a different order are not an improvement.
            guard candidate.value > best + 1e-9 else { return false }
            best = candidate.value
            return true
        }
    }
}

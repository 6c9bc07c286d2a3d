/// Thresholds with what they are expected to do.
public struct ThresholdChoice: Equatable, Sendable {
    /// One for every exit; the last is -1e8, and 1e8 lets no image leave.
    public let thresholds: [Float]
    /// The accuracy on the images they were chosen on, percent; smoothed where the rule smooths.
    public let accuracy: Double
    /// The average cost on the same images, in the unit of the exits' costs.
    public let cost: Double
    /// The authors' budget that they belong to, or nil.
    public let budget: Int?
}

/// Choices of thresholds of which each is more accurate than all cheaper ones.
struct ThresholdFrontier {
    /// One choice: the number of the threshold at every exit but the last.
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
        // Those that another one beats are only memory.
        candidates = optimal
        limit = max(limit, 2 * candidates.count)
    }

    /// The choices that no other beats, cheapest first.
    var optimal: [Candidate] {
        let sorted = candidates.sorted { ($0.cost, -$0.value) < ($1.cost, -$1.value) }
        var best = -Double.infinity
        return sorted.filter { candidate in
            // Sums of the same numbers in another order are no better.
            guard candidate.value > best + 1e-9 else { return false }
            best = candidate.value
            return true
        }
    }
}

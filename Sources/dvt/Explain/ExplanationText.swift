import DVTCore
import DVTEvaluation
import DVTModel
import DVTSupport
import DVTVision

/// What drawings of explanations say.
struct ExplanationText {
    let model: CascadeConfiguration
    let policy: ExitPolicy
    let labels: ClassLabels?
    /// The most classes that an exit lists.
    let topK: Int
    /// Whether the weights are generated ones.
    let isUntrained: Bool

    /// The title.
    var title: String { "What each exit saw: \(printable(model.name))" }

    /// The exits of the model.
    var exitCount: Int { model.stages.count }

    /// When images leave.
    var rule: String { policy.rule }

    /// What must be said of the weights, or nil.
    var warning: String? { isUntrained ? SyntheticWeights.warning : nil }

    /// What becomes of an image.
    func summary(of explanation: Explanation) -> String {
        let seen = explanation.exits[explanation.exit]
        let all = explanation.exits.last?.multiplyAdds ?? 0
        let best = seen.top.first.map { "as \(name($0)), " } ?? ""
        return "Leaves at exit \(explanation.exit + 1) of \(explanation.exits.count) \(best)"
            + "after \(giga(seen.multiplyAdds)) of \(giga(all)) GMACs"
    }

    /// The threshold at an exit, where there is one.
    func threshold(at exit: Int) -> Float? {
        guard case .thresholds(let values, _) = policy, exit < values.count else { return nil }
        return values[exit]
    }

    /// How sure an exit is of an image.
    func score(_ seen: ExitExplanation) -> String {
        "\(policy.scoring.criterion.shown.capitalised) \(probability(seen.score))"
    }

    /// Whether an image leaves at an exit, and why; to be read after its score there.
    func verdict(_ explanation: Explanation, exit: Int) -> String {
        guard exit <= explanation.exit else { return "would not run: it has left" }
        let leaves = exit == explanation.exit
        if let threshold = threshold(at: exit) {
            return leaves
                ? "reaches \(threshold): leaves here" : "is below \(threshold): goes on"
        }
        guard leaves else { return "goes on, as told" }
        return exit == exitCount - 1 ? "at the last exit: leaves here" : "leaves here, as told"
    }

    /// The tokens of an exit, and what an image has cost there.
    func size(of seen: ExitExplanation) -> String {
        "\(seen.grid) × \(seen.grid) tokens, \(giga(seen.multiplyAdds)) GMACs"
    }

    /// A class as people call it.
    func name(_ entry: ClassConfidence) -> String {
        labels?[entry.classIndex].map(printable) ?? "class \(entry.classIndex)"
    }

    /// A probability.
    func probability(_ value: Float) -> String {
        decimalText(Double(value), decimals: 4)
    }

    private func giga(_ multiplyAdds: Int) -> String {
        decimalText(Double(multiplyAdds) / 1e9)
    }
}

extension String {
    /// With a large first letter, for the beginning of a sentence or a title.
    var capitalised: String { prefix(1).uppercased() + dropFirst() }
}

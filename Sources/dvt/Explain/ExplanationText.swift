import DVTCore
import DVTEvaluation
import DVTModel
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
    var rule: String {
        switch policy {
        case .exit(let exit): return "Every image is told to leave at exit \(exit + 1)."
        case .allExits: return "Every image is told to go to the last exit."
        case .thresholds(let values) where values.isEmpty: return "The model has one exit."
        case .thresholds(let values):
            let texts = values.enumerated().map { "\($0.element) at exit \($0.offset + 1)" }
            return "An image leaves at a confidence of at least \(texts.joined(separator: ", "))."
        }
    }

    /// What must be said of the weights, or nil.
    var warning: String? {
        isUntrained ? "The weights are synthetic and untrained: the results mean nothing." : nil
    }

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
        guard case .thresholds(let values) = policy, exit < values.count else { return nil }
        return values[exit]
    }

    /// Whether an image leaves at an exit, and why; to be read after its confidence there.
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

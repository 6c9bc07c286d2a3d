import DVTCore
import DVTEvaluation
import DVTModel
import DVTSupport
import DVTVision

/// The texts of explanation documents.
struct ExplanationText {
    let model: CascadeConfiguration
    let policy: ExitPolicy
    let labels: ClassLabels?
    /// The maximum number of classes listed per exit.
    let topK: Int
    /// Whether the weights are synthetic.
    let isUntrained: Bool

    var title: String { "Attention and predictions of each exit: \(printable(model.name))" }

    /// The title of a page, from 0.
    func title(page: Int) -> String { page == 0 ? title : "\(title), page \(page + 1)" }

    var exitCount: Int { model.stages.count }

    /// The exit rule.
    var rule: String { policy.rule }

    /// An explanation of tokens that see more than their cells, in lines; none if none do.
    var overlap: [String] {
        let wider = model.stages.enumerated().filter { $0.element.tokensOverlap }
        guard !wider.isEmpty else { return [] }
        let windows = wider.map {
            "\($0.element.tokenWindow) × \($0.element.tokenWindow) at exit \($0.offset + 1)"
        }
        let attends = wider.contains { $0.element.tokenizer != .linear }
        let mixed = attends ? ", mixed with the others by the tokenizer's attention" : ""
        return [
            """
            Tokens overlap: a cell shows the place of a token, which is computed from a larger \
            window of pixels,
            """, "\(windows.joined(separator: ", "))\(mixed).",
        ]
    }

    /// What the image of the model's input shows.
    func pixels(side: Int) -> String { "\(side) × \(side) pixels, preprocessed" }

    /// A warning about untrained weights, or nil.
    var warning: String? { isUntrained ? SyntheticWeights.warning : nil }

    /// The exit, class and cost of an image.
    func summary(of explanation: Explanation) -> String {
        let seen = explanation.exits[explanation.exit]
        let all = explanation.exits.last?.multiplyAdds ?? 0
        let best = seen.top.first.map { "as \(name($0)), " } ?? ""
        return "Takes exit \(explanation.exit + 1) of \(explanation.exits.count) \(best)"
            + "after \(unit.text(Double(seen.multiplyAdds))) of \(unit.text(Double(all))) \(unit.name)"
    }

    /// The exit and class of an image in few words.
    func shortSummary(of explanation: Explanation) -> String {
        let seen = explanation.exits[explanation.exit]
        let best = seen.top.first.map { ", \(name($0)) \(probability($0.probability))" } ?? ""
        return "exit \(explanation.exit + 1)\(best)"
    }

    /// The threshold at an exit, or nil.
    func threshold(at exit: Int) -> Float? { policy.threshold(at: exit) }

    /// The score of an exit, with its name.
    func score(_ seen: ExitExplanation) -> String {
        "\(policy.scoring.criterion.shown.capitalizedFirst) \(probability(seen.score))"
    }

    /// Whether and why an image takes an exit; shown after the score.
    func verdict(_ explanation: Explanation, exit: Int) -> String {
        guard exit <= explanation.exit else { return "not run: the image has already exited" }
        let exits = exit == explanation.exit
        if let threshold = threshold(at: exit) {
            return exits
                ? "reaches \(threshold): exits here" : "is below \(threshold): continues"
        }
        guard exits else { return "continues: a later exit is fixed" }
        return exit == exitCount - 1 ? "last exit: exits here" : "exits here: the exit is fixed"
    }

    /// The token grid of an exit and the cost up to it.
    func size(of seen: ExitExplanation) -> String {
        "\(seen.grid) × \(seen.grid) tokens, \(unit.text(Double(seen.multiplyAdds))) \(unit.name)"
    }

    /// The display name of a class.
    func name(_ entry: ClassConfidence) -> String {
        labels.shownName(entry.classIndex)
    }

    func probability(_ value: Float) -> String {
        decimalText(Double(value), decimals: 4)
    }

    private var unit: CostUnit { CostUnit(model) }
}

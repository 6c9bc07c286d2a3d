import DVTCore
import DVTModel

extension ExitPolicy {
    /// The exit rule as a sentence.
    var rule: String {
        switch self {
        case .exit(let exit): return "All images exit at exit \(exit + 1)."
        case .allExits: return "All images run to the last exit."
        case .thresholds(let values, _) where values.isEmpty: return "The model has one exit."
        case .thresholds(let values, let scoring):
            let texts = values.enumerated().map { "\($0.element) at exit \($0.offset + 1)" }
            let scale = scoring.temperatures == nil ? "" : " after temperature scaling"
            return """
                An image exits where its \(scoring.criterion.shown)\(scale) reaches the threshold: \
                \(texts.joined(separator: ", ")).
                """
        }
    }
}

extension ExitPolicy {
    /// The threshold at an exit, or nil if none decides there.
    func threshold(at exit: Int) -> Float? {
        guard case .thresholds(let values, _) = self, exit < values.count else { return nil }
        return values[exit]
    }
}

extension ExitCriterion {
    /// The display name.
    var shown: String { self == .entropy ? "entropy score" : rawValue }
}

extension ExitScoring {
    /// The display name with temperatures, or nil for plain confidence.
    var shown: String? {
        guard self != ExitScoring() else { return nil }
        let scale = temperatures.map {
            " at temperatures \($0.map { "\($0)" }.joined(separator: ", "))"
        }
        return criterion.shown + (scale ?? "")
    }
}

extension String {
    /// The text with its first letter capitalized.
    var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}

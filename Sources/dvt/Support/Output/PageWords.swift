import DVTCore
import DVTModel
import DVTSupport

// What the pages of several commands say.

extension ExitPolicy {
    /// When images leave, as a sentence.
    var rule: String {
        switch self {
        case .exit(let exit): return "Every image is told to leave at exit \(exit + 1)."
        case .allExits: return "Every image is told to go to the last exit."
        case .thresholds(let values, _) where values.isEmpty: return "The model has one exit."
        case .thresholds(let values, let scoring):
            let texts = values.enumerated().map { "\($0.element) at exit \($0.offset + 1)" }
            let name = "\(scoring.criterion == .entropy ? "an" : "a") \(scoring.criterion.shown)"
            let scale = scoring.temperatures == nil ? "" : " of scaled outputs"
            return
                "An image leaves at \(name)\(scale) of at least \(texts.joined(separator: ", "))."
        }
    }
}

extension SyntheticWeights {
    /// What must be said of results.
    static let warning = "The weights are synthetic and untrained: the results mean nothing."
}

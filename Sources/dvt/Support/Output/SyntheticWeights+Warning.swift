import DVTModel

extension SyntheticWeights {
    /// The warning shown with results.
    static let warning = "The weights are synthetic and untrained: the results are meaningless."
}

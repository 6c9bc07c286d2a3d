import DVTSupport

/// An error that prevents or stops a training run.
package enum TrainingError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A value became infinite or NaN at a step.
    case notFinite(String, value: Double, step: Int)
    /// A value became infinite or NaN at a step; the run can resume from the checkpoint.
    case stopped(String, value: Double, step: Int, checkpoint: String?)
    /// An unusable recipe.
    case invalidRecipe(origin: String, reason: String)
    /// A file that is not a checkpoint of this run.
    case invalidCheckpoint(origin: String, reason: String)
    /// Weights that do not fit the model and cannot be adapted.
    case unfitWeights(origin: String, reason: String)

    /// One line with the problem and the remedy.
    package var description: String {
        switch self {
        case .notFinite(let what, let value, let step):
            "\(what) is \(value) at step \(step); lower the learning rate or clip the gradient"
        case .stopped(let what, let value, let step, let checkpoint):
            """
            \(what) is \(value) at step \(step); \
            \(checkpoint.map { "\(shown($0)) is the last good checkpoint; " } ?? "")\
            lower the learning rate or clip the gradient
            """
        case .invalidRecipe(let origin, let reason): "\(shown(origin)): \(reason)"
        case .invalidCheckpoint(let origin, let reason):
            "\(shown(origin)): is not a checkpoint of this run: \(reason)"
        case .unfitWeights(let origin, let reason): "\(shown(origin)): \(reason)"
        }
    }
}

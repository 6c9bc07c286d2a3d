import DVTCore
import DVTSupport

/// A training run that cannot begin or go on.
public enum TrainingError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Something became infinite or not a number at a step.
    case notFinite(String, value: Double, step: Int)
    /// The same, with the checkpoint from which the run can be gone on with.
    case stopped(String, value: Double, step: Int, checkpoint: String?)
    /// A recipe that cannot be used.
    case invalidRecipe(origin: String, reason: String)
    /// A file that is no checkpoint of such a run.
    case invalidCheckpoint(origin: String, reason: String)
    /// Weights that do not fit the model and cannot be adapted.
    case unfitWeights(origin: String, reason: String)

    /// One line that says what happened and what to do.
    public var description: String {
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
            "\(shown(origin)): is no checkpoint of this run: \(reason)"
        case .unfitWeights(let origin, let reason): "\(shown(origin)): \(reason)"
        }
    }
}

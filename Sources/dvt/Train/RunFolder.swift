import DVTSupport
import Glibc

/// The folder of a training run.
struct RunFolder {
    let path: String

    /// The state from which the run resumes.
    var checkpoint: String { "\(path)/checkpoint.safetensors" }
    /// The weights for inference, with the model card.
    var weights: String { "\(path)/weights.safetensors" }
    var recipe: String { "\(path)/recipe.json" }
    var model: String { "\(path)/model.json" }
    /// The log, one line per epoch.
    var log: String { "\(path)/log.jsonl" }
    /// The HTML page with the training curves.
    var curve: String { "\(path)/curve.html" }

    /// The features of a set, computed by a frozen backbone.
    func features(_ set: String) -> String { "\(path)/features-\(set)" }

    /// Whether the folder contains a run.
    var hasRun: Bool { access(checkpoint, F_OK) == 0 }
}

/// A folder or file that does not fit the run.
struct RunFolderError: Error, Equatable, CustomStringConvertible {
    let path: String
    let problem: String

    var description: String { "\(shown(path)): \(problem)" }
}

import DVTCheckpoints
import DVTCore
import DVTSupport
import DVTTraining
import Glibc

/// The folder of a training run.
struct RunFolder {
    let path: String

    /// All that the run needs to be gone on with.
    var checkpoint: String { "\(path)/checkpoint.safetensors" }
    /// The weights as inference uses them, with the model's card.
    var weights: String { "\(path)/weights.safetensors" }
    var recipe: String { "\(path)/recipe.json" }
    var model: String { "\(path)/model.json" }
    /// One line an epoch.
    var log: String { "\(path)/log.jsonl" }
    /// The curves of the log, as a page.
    var curve: String { "\(path)/curve.html" }

    /// Whether a run is there.
    var hasRun: Bool { access(checkpoint, F_OK) == 0 }
}

/// A folder that cannot serve a run.
struct RunFolderError: Error, Equatable, CustomStringConvertible {
    let path: String
    let problem: String

    var description: String { "\(shown(path)): \(problem)" }
}

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

    /// Makes the folder.
    ///
    /// - Throws: ``RunFolderError`` if that cannot be done.
    func create() throws {
        guard mkdir(path, 0o777) != 0, errno != EEXIST else { return }
        throw RunFolderError(path: path, problem: "cannot be made: \(systemMessage())")
    }

    /// Writes a text file, whole or not at all.
    ///
    /// - Parameters:
    ///   - text: its contents.
    ///   - path: the file to create or replace.
    /// - Throws: ``/DVTCheckpoints/FileError`` if the system fails to write.
    static func write(_ text: String, to path: String) throws {
        let writer = try AtomicFileWriter(path: path)
        var text = text
        try text.withUTF8 { try writer.append(UnsafeRawBufferPointer($0)) }
        try writer.commit()
    }
}

/// A folder that cannot serve a run.
struct RunFolderError: Error, Equatable, CustomStringConvertible {
    let path: String
    let problem: String

    var description: String { "\(shown(path)): \(problem)" }
}

import DVTCheckpoints
import DVTCore
import DVTSupport
import ShippedModels

/// The trained model embedded in the program.
enum ShippedModel {
    static var name: String { String(cString: dvt_shipped_model.name) }

    /// Opens the checkpoint.
    ///
    /// - Returns: the checkpoint.
    /// - Throws: ``SafetensorsError`` if the embedded data is damaged.
    static func file() throws -> any NamedTensors {
        try SafetensorsFile(
            permanent: UnsafeRawBufferPointer(
                start: dvt_shipped_model.bytes, count: dvt_shipped_model.byte_count),
            name: "\(name) (built into dvt)")
    }

    /// Prints the model's name to standard error, where the user named none.
    static func announce() {
        printError("model: \(name), built into dvt; use --weights for another")
    }
}

extension Checkpoint {
    /// Opens a checkpoint file, or the built-in model by its name.
    ///
    /// Prints which weights of several in a PyTorch file are taken.
    ///
    /// - Parameters:
    ///   - argument: the path of the file, or ``ShippedModel/name``.
    ///   - key: the key of the weights in a PyTorch file, or nil.
    /// - Returns: the checkpoint.
    /// - Throws: the error of the file.
    static func open(argument: String, key: String? = nil) throws -> any NamedTensors {
        if argument == ShippedModel.name {
            if let key { throw CheckpointError.noKeys(path: argument, key: key) }
            return try ShippedModel.file()
        }
        let file = try open(path: argument, key: key)
        if key == nil, let file = file as? PyTorchCheckpoint, let taken = file.weightsKey,
            !file.otherKeys.isEmpty
        {
            let others = file.otherKeys.map { quoted($0) }.joined(separator: ", ")
            printError(
                """
                weights: \(quoted(taken)) of \(shown(argument)), which also has \(others); \
                --checkpoint-key chooses
                """)
        }
        return file
    }
}

import DVTCheckpoints
import DVTCore
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
    /// - Parameter argument: the path of the file, or ``ShippedModel/name``.
    /// - Returns: the checkpoint.
    /// - Throws: the error of the file.
    static func open(argument: String) throws -> any NamedTensors {
        argument == ShippedModel.name ? try ShippedModel.file() : try open(path: argument)
    }
}

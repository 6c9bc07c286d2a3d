import DVTCheckpoints
import DVTCore
import ShippedModels

/// The trained model embedded in the program.
enum ShippedModel {
    static var name: String { String(cString: dvt_shipped_model.name) }

    /// Opens the checkpoint and prints the model's name to standard error.
    ///
    /// - Returns: the checkpoint.
    /// - Throws: ``SafetensorsError`` if the embedded data is damaged.
    static func file() throws -> any NamedTensors {
        printError("model: \(name), built into dvt; use --weights for another")
        return try SafetensorsFile(
            permanent: UnsafeRawBufferPointer(
                start: dvt_shipped_model.bytes, count: dvt_shipped_model.byte_count),
            name: "\(name) (built into dvt)")
    }
}

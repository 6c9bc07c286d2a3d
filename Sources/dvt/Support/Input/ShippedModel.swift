import DVTCheckpoints
import DVTCore
import ShippedModels

/// The trained model that is part of the program.
enum ShippedModel {
    /// Its name.
    static var name: String { String(cString: dvt_shipped_model.name) }

    /// Opens its checkpoint, and says on standard error that it is the one that runs.
    ///
    /// - Returns: the checkpoint.
    /// - Throws: ``SafetensorsError`` if the program is damaged.
    static func file() throws -> any NamedTensors {
        printError("model: \(name), which is part of dvt; --weights names another")
        return try SafetensorsFile(
            permanent: UnsafeRawBufferPointer(
                start: dvt_shipped_model.bytes, count: dvt_shipped_model.byte_count),
            name: "\(name) (part of dvt)")
    }
}

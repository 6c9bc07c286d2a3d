import DVTModel
import DVTSupport

extension ModelCard {
    /// The model card of a model name or a JSON file.
    ///
    /// - Parameter model: a name, or a path ending in `.json`.
    /// - Returns: the model card.
    /// - Throws: ``ModelError`` if there is no such model, or the file's error.
    static func named(orFile model: String) throws -> Self {
        guard model.hasSuffix(".json") else { return try .named(model) }
        let file = try MappedFile(path: model)
        let limit = 64 << 20
        guard file.byteCount <= limit else {
            throw ModelError.invalidDescription(
                origin: model, reason: "it has \(file.byteCount) bytes, more than \(limit)")
        }
        let json = try file.withBytes(in: 0..<file.byteCount) { [UInt8]($0) }
        return try Self(json: json, origin: model)
    }
}

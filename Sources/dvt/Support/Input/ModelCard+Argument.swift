import DVTCore
import DVTModel
import DVTSupport

extension ModelCard {
    /// The model card of a model name or a JSON file.
    ///
    /// - Parameter model: a name, or a path ending in `.json`.
    /// - Returns: the model card.
    /// - Throws: ``ModelError`` if there is no such model, or the file's error.
    static func named(orFile model: String) throws -> Self {
        if model == ShippedModel.name { return try Self(storedIn: ShippedModel.file()) }
        guard model.hasSuffix(".json") else { return try known(model) }
        return try Self(json: json(path: model), origin: model)
    }

    /// The names that ``named(orFile:)`` accepts, except those of plain ViTs.
    static var argumentNames: [String] { CascadeConfiguration.names + [ShippedModel.name] }

    /// Whether a description of a model states its classes or their names itself.
    ///
    /// - Parameter model: a name, or a path ending in `.json`.
    /// - Returns: false for a name.
    /// - Throws: the file's error, or ``JSONError``.
    static func statesClasses(_ model: String) throws -> Bool {
        guard model.hasSuffix(".json"),
            case .object(let members) = try JSONValue(parsing: json(path: model))
        else { return false }
        return members.contains { ["classes", "labels"].contains($0.key) }
    }

    private static func known(_ name: String) throws -> Self {
        do {
            return try .named(name)
        } catch ModelError.unknownModel(let name, _) {
            throw ModelError.unknownModel(name: name, known: argumentNames)
        }
    }

    private static func json(path model: String) throws -> [UInt8] {
        let file = try MappedFile(path: model)
        let limit = 64 << 20
        guard file.byteCount <= limit else {
            throw ModelError.invalidDescription(
                origin: model, reason: "it has \(file.byteCount) bytes, more than \(limit)")
        }
        return try file.withBytes(in: 0..<file.byteCount) { [UInt8]($0) }
    }
}

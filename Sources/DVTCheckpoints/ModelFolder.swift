package import DVTCore
import DVTSupport
import Glibc

/// A folder in which timm or Hugging Face transformers saved a model: its weights, in one file or in
/// shards, and their description.
///
/// The texts of `config.json` and `preprocessor_config.json` are part of the metadata, under their
/// names.
package struct ModelFolder: NamedTensors {
    /// The path of the folder.
    package let origin: String
    /// The metadata of the weights, and the texts of the folder's descriptions.
    package let metadata: [String: String]
    /// The shape of each tensor by name.
    package let shapes: [String: Shape]
    /// The unit roundoff of the least precise type among the tensors.
    package let roundoff: Double
    private let files: [any NamedTensors]
    /// The index of the file that holds each tensor.
    private let places: [String: Int]

    /// The names of a model's weights, the preferred one first.
    private static let weights = ["model.safetensors", "pytorch_model.bin"]
    /// The descriptions that become metadata.
    private static let descriptions = ["config.json", "preprocessor_config.json"]
    private static let byteLimit = 16 << 20

    /// The files that the model is read from.
    package let paths: [String]
    /// Whether the folder has Hugging Face's description of the preprocessing.
    package var statesPreprocessing: Bool { metadata[Self.descriptions[1]] != nil }

    /// Opens a folder.
    ///
    /// - Parameter path: the folder.
    /// - Throws: ``CheckpointError`` if it has no weights or no description, or an index that does
    ///   not fit its shards; otherwise the error of a file.
    package init(path: String) throws {
        origin = path
        func file(_ name: String) -> String {
            path.hasSuffix("/") ? path + name : "\(path)/\(name)"
        }
        guard access(file("config.json"), F_OK) == 0 else {
            if let other = OtherFormat.folder({ access(file($0), F_OK) == 0 }) {
                throw CheckpointError.otherFormat(path: path, other)
            }
            throw CheckpointError.noDescription(folder: path)
        }
        files = try Self.open(in: path, file)
        var metadata: [String: String] = [:]
        var shapes: [String: Shape] = [:]
        var places: [String: Int] = [:]
        for (index, part) in files.enumerated() {
            metadata.merge(part.metadata) { first, _ in first }
            for (name, shape) in part.shapes {
                guard shapes.updateValue(shape, forKey: name) == nil else {
                    throw CheckpointError.repeatedTensor(
                        folder: path, name: name, file: part.origin)
                }
                places[name] = index
            }
        }
        let described = Self.descriptions.filter { access(file($0), F_OK) == 0 }
        for name in described {
            metadata[name] = String(decoding: try Self.text(file(name)), as: UTF8.self)
        }
        paths = files.map(\.origin) + described.map(file)
        roundoff = files.map(\.roundoff).max() ?? 0x1p-24
        (self.metadata, self.shapes, self.places) = (metadata, shapes, places)
    }

    /// Reads one tensor, converted to float32.
    ///
    /// - Parameter name: its name.
    /// - Returns: the tensor.
    /// - Throws: the error of its file, ``CheckpointError/noTensor(folder:name:)`` if there is none.
    package func tensor(named name: String) throws -> Tensor {
        guard let index = places[name] else {
            throw CheckpointError.noTensor(folder: origin, name: name)
        }
        return try files[index].tensor(named: name)
    }

    private static func open(
        in folder: String, _ file: (String) -> String
    ) throws -> [any NamedTensors] {
        for name in weights {
            if access(file(name), F_OK) == 0 { return [try Checkpoint.open(path: file(name))] }
            let index = file("\(name).index.json")
            if access(index, F_OK) == 0 {
                return try shards(index).map { try Checkpoint.open(path: file($0)) }
            }
        }
        if let other = OtherFormat.weightsOfFolder({ access(file($0), F_OK) == 0 }) {
            throw CheckpointError.otherFormat(path: folder, other)
        }
        throw CheckpointError.noWeights(folder: folder, names: weights)
    }

    /// The files of an index, `{"weight_map": {"tensor": "file"}}`.
    private static func shards(_ index: String) throws -> [String] {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: text(index))
        } catch let error as JSONError {
            throw CheckpointError.invalidIndex(path: index, reason: error.description)
        }
        guard case .object(let members) = value,
            case .object(let map)? = members.first(where: { $0.key == "weight_map" })?.value
        else {
            throw CheckpointError.invalidIndex(path: index, reason: "it has no weight_map")
        }
        let names = try map.map { entry in
            guard case .string(let name) = entry.value, !name.contains("/"), name != ".." else {
                throw CheckpointError.invalidIndex(
                    path: index, reason: "\(quoted(entry.key)) is in no file of the folder")
            }
            return name
        }
        return Set(names).sorted()
    }

    private static func text(_ path: String) throws -> [UInt8] {
        let file = try MappedFile(path: path)
        guard file.byteCount <= byteLimit else {
            throw CheckpointError.invalidIndex(
                path: path, reason: "it has \(file.byteCount) bytes, more than \(byteLimit)")
        }
        return try file.withBytes(in: 0..<file.byteCount) { [UInt8]($0) }
    }
}

internal import DVTCore
import DVTSupport

/// The files beside a checkpoint that timm or Hugging Face transformers saved.
struct PretrainedFiles {
    /// The text of `config.json`, in UTF-8.
    let configuration: [UInt8]
    /// The text of Hugging Face's `preprocessor_config.json`, or nil.
    let preprocessor: [UInt8]?
    /// The folder, for messages.
    let origin: String
}

extension ModelCard {
    /// The card of a model that timm or Hugging Face transformers saved in a folder.
    ///
    /// timm's `config.json` names an architecture and the arguments that differ from its defaults;
    /// that of transformers gives every size, and `preprocessor_config.json` the preprocessing.
    ///
    /// - Parameters:
    ///   - files: the folder's files.
    ///   - weights: the checkpoint, whose head must have the classes of the description.
    /// - Throws: ``ModelError/invalidDescription(origin:reason:)`` if an entry is missing, of the
    ///   wrong type or describes a network that this package does not have;
    ///   ``ModelError/invalidConfiguration(name:reason:)`` if the numbers contradict each other.
    init(_ files: PretrainedFiles, _ weights: CheckpointWeights) throws {
        let origin = "\(files.origin)/config.json"
        let reader = try DescriptionReader(Self.parsed(files.configuration, origin), origin: origin)
        var keys = reader
        if try keys.string("model_type") != nil {
            self = try HuggingFaceDescription(reader, files).card(weights)
        } else if try keys.string("architecture") != nil {
            self = try TimmDescription(reader).card(weights)
        } else {
            throw ModelError.invalidDescription(
                origin: origin,
                reason: """
                    it has neither the model_type of Hugging Face transformers nor the architecture \
                    of timm; name the model by --model
                    """)
        }
    }

    static func parsed(_ text: [UInt8], _ origin: String) throws -> JSONValue {
        do {
            return try JSONValue(parsing: text)
        } catch let error as JSONError {
            throw ModelError.invalidDescription(origin: origin, reason: error.description)
        }
    }
}

extension DescriptionReader {
    /// Refuses an entry with any value but these.
    ///
    /// - Parameters:
    ///   - key: the entry.
    ///   - values: what the network here computes.
    /// - Throws: an error that names the entry and its value.
    mutating func require(_ key: String, _ values: [JSONValue]) throws {
        guard let value = value(key) else { return }
        let texts = values.map(\.jsonText)
        guard texts.contains(value.jsonText) else {
            throw fault(
                key,
                "is \(printable(value.jsonText)), and dvt takes \(texts.joined(separator: " or "))")
        }
    }

    /// The side of a square: a number, or a list of two equal ones.
    mutating func squareSide(_ key: String) throws -> Int? {
        guard let value = value(key) else { return nil }
        let sides: [JSONValue] =
            if case .array(let sides) = value { sides } else { [value, value] }
        guard sides.count == 2, case .int(let height) = sides[0], case .int(let width) = sides[1],
            height == width, (0...Self.limit).contains(height)
        else { throw fault(key, "is \(printable(value.jsonText)), and dvt takes squares") }
        return height
    }

    /// The number of classes: that of the checkpoint's head, which must be that of the description.
    ///
    /// - Parameters:
    ///   - stated: the number in the description, or nil.
    ///   - key: its entry.
    ///   - weights: the checkpoint.
    /// - Returns: the number; 1 if the checkpoint has no head, 1000 if neither states it.
    /// - Throws: an error with both numbers.
    func classes(_ stated: Int?, _ key: String, of weights: CheckpointWeights) throws -> Int {
        guard !weights.lacksHead else { return 1 }
        let classes = weights.headOutputs
        guard let stated, let classes, stated != classes else { return classes ?? stated ?? 1000 }
        throw fault(key, "gives \(stated) classes, and the checkpoint's head has \(classes)")
    }
}

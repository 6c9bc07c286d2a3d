import DVTSupport

#if YAML
import Yams
#endif

extension TrainingRecipe {
    /// Reads a recipe in YAML, with the same entries as in JSON.
    ///
    /// Requires the package trait `YAML`.
    ///
    /// - Parameters:
    ///   - yaml: the text of a mapping.
    ///   - origin: the file, for messages.
    /// - Throws: ``TrainingError/invalidRecipe(origin:reason:)`` if the text is not YAML, or an
    ///   entry is unknown, of another kind or outside its range.
    package init(yaml: [UInt8], origin: String) throws {
        #if YAML
        let value: JSONValue
        do throws(YAMLError) {
            value = try YAMLReader.value(of: yaml)
        } catch {
            throw TrainingError.invalidRecipe(origin: origin, reason: error.reason)
        }
        try self.init(reading: value, origin: origin)
        #else
        throw TrainingError.invalidRecipe(
            origin: origin,
            reason: """
                is YAML, which this build does not read; write the recipe as JSON, or build with \
                swift build --traits YAML
                """)
        #endif
    }
}

#if YAML
/// Text that is not YAML, or that JSON cannot express.
private struct YAMLError: Error {
    let reason: String
}

/// Converts YAML to JSON values.
private struct YAMLReader {
    /// The maximum number of values of a document.
    ///
    /// Aliases repeat values, so a short text could expand without limit.
    private static let valueLimit = 10_000

    private var count = 0

    /// Reads a document.
    static func value(of bytes: [UInt8]) throws(YAMLError) -> JSONValue {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw YAMLError(reason: "it is not UTF-8")
        }
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw YAMLError(reason: reason(for: error))
        } catch {
            throw YAMLError(reason: "it is not YAML: \(printable("\(error)"))")
        }
        guard let node else { return .null }
        var reader = Self()
        return try reader.value(of: node, depth: 0)
    }

    private mutating func value(of node: Node, depth: Int) throws(YAMLError) -> JSONValue {
        count += 1
        guard count <= Self.valueLimit, depth <= JSONReader.nestingLimit else {
            throw YAMLError(
                reason: """
                    it has more than \(Self.valueLimit) values or \(JSONReader.nestingLimit) levels
                    """)
        }
        switch node {
        case .mapping(let mapping):
            var members: [(key: String, value: JSONValue)] = []
            for (key, value) in mapping {
                guard let name = key.scalar?.string else {
                    throw YAMLError(reason: "it has a key that is not a text\(place(key.mark))")
                }
                members.append((name, try self.value(of: value, depth: depth + 1)))
            }
            return .object(members)
        case .sequence(let sequence):
            var elements: [JSONValue] = []
            for element in sequence { elements.append(try value(of: element, depth: depth + 1)) }
            return .array(elements)
        case .scalar(let scalar):
            return try Self.value(of: scalar, node)
        case .alias:
            throw YAMLError(reason: "it has an alias of nothing\(place(node.mark))")
        }
    }

    /// Quoted scalars are strings; the type of others follows YAML's rules.
    private static func value(of scalar: Node.Scalar, _ node: Node) throws(YAMLError) -> JSONValue {
        guard scalar.style == .plain else { return .string(scalar.string) }
        if node.null != nil { return .null }
        if let flag = node.bool { return .bool(flag) }
        if let number = node.int { return .int(number) }
        guard let number = node.float else { return .string(scalar.string) }
        guard number.isFinite else {
            throw YAMLError(reason: "it has a number that is not finite\(place(node.mark))")
        }
        return .double(number)
    }

    private static func reason(for error: YamlError) -> String {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            "it is not YAML: \(problem)\(place(mark))"
        case .reader(let problem, _, _, _): "it is not YAML: \(problem)"
        case .duplicatedKeysInMapping(let keys, let context):
            "it repeats the key \(keys.map { quoted($0) }.joined(separator: ", "))\(place(context.mark))"
        default: "it is not YAML: \(printable("\(error)"))"
        }
    }
}

private func place(_ mark: Mark?) -> String {
    mark.map { " at line \($0.line), column \($0.column)" } ?? ""
}
#endif

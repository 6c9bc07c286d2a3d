import DVTCore
import DVTSupport

/// Reads class names from JSON.
enum LabelJSON {
    /// Reads the names.
    ///
    /// - Parameters:
    ///   - text: the complete text.
    ///   - name: the file's name in messages.
    /// - Returns: the names in the order of the classes.
    /// - Throws: ``LabelError`` if the text is not JSON or does not name each class.
    static func names(in text: [UInt8], name: String) throws(LabelError) -> [String] {
        do {
            return try names(in: JSONValue(parsing: text))
        } catch let error as JSONError {
            throw .notLabels(path: name, reason: reason(for: error))
        } catch let error as Malformed {
            throw .notLabels(path: name, reason: error.reason)
        } catch {
            throw .notLabels(path: name, reason: "\(error)")
        }
    }

    private struct Malformed: Error {
        let reason: String
    }

    private static func names(in value: JSONValue) throws(Malformed) -> [String] {
        switch value {
        case .array(let elements):
            var names: [String] = []
            for (index, element) in elements.enumerated() {
                guard case .string(let name) = element else {
                    throw Malformed(reason: "element \(index) is not a name")
                }
                names.append(name)
            }
            return names
        case .object(let members):
            if let inner = members.first(where: { $0.key == "id2label" })?.value {
                guard case .object(let members) = inner else {
                    throw Malformed(reason: "\"id2label\" is not an object")
                }
                return try names(byIndex: members)
            }
            return try names(byIndex: members)
        default:
            throw Malformed(reason: "it is neither an array nor an object")
        }
    }

    /// Orders the members of an object, whose keys must be the indices from 0.
    private static func names(
        byIndex members: [(key: String, value: JSONValue)]
    ) throws(Malformed) -> [String] {
        var names = [String?](repeating: nil, count: members.count)
        for (key, value) in members {
            guard let index = Int(key), names.indices.contains(index), names[index] == nil else {
                throw Malformed(
                    reason: "key \(quoted(key)) is not one of the \(members.count) indices from 0")
            }
            guard let name = name(value) else {
                throw Malformed(reason: "the value of \(quoted(key)) is not a name")
            }
            names[index] = name
        }
        return names.compactMap { $0 }
    }

    /// A name, or the last element of an array, after the WordNet identifier.
    private static func name(_ value: JSONValue) -> String? {
        switch value {
        case .string(let name): name
        case .array(let elements):
            if case .string(let name)? = elements.last { name } else { nil }
        default: nil
        }
    }

    private static func reason(for error: JSONError) -> String {
        switch error {
        case .invalid(let reason, let offset): "\(reason), at byte \(offset)"
        case .duplicateKey(let key, let offset): "key \(quoted(key)) again, at byte \(offset)"
        case .nestedTooDeeply(let limit, let offset):
            "nested deeper than \(limit), at byte \(offset)"
        }
    }
}

import DVTSupport

extension JSONValue {
    /// The value as JSON over several lines; lists of numbers stay on one.
    var indentedText: String { indentedText(after: "") }

    private func indentedText(after indent: String) -> String {
        let inner = indent + "  "
        switch self {
        case .object(let members) where !members.isEmpty:
            let lines = members.map { key, value in
                "\(inner)\(jsonString(key)): \(value.indentedText(after: inner))"
            }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(indent)}"
        case .array(let values) where values.contains { $0.number == nil }:
            let lines = values.map { inner + $0.indentedText(after: inner) }
            return "[\n" + lines.joined(separator: ",\n") + "\n\(indent)]"
        default: return jsonText
        }
    }
}

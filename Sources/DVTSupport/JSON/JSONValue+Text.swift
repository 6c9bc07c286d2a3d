extension JSONValue {
    /// The value as JSON on one line; numbers that are not finite become null.
    package var jsonText: String {
        switch self {
        case .null: "null"
        case .bool(let value): String(value)
        case .int(let value): String(value)
        // Swift's description of a finite double is a valid JSON number.
        case .double(let value): value.isFinite ? String(value) : "null"
        case .string(let value): jsonString(value)
        case .array(let values): "[" + values.map(\.jsonText).joined(separator: ",") + "]"
        case .object(let members): jsonObject(members)
        }
    }
}

/// Named values as a JSON object on one line, in their order.
///
/// - Parameter members: the names and values.
/// - Returns: the text.
package func jsonObject(_ members: [(key: String, value: JSONValue)]) -> String {
    let texts = members.map { "\(jsonString($0.key)):\($0.value.jsonText)" }
    return "{" + texts.joined(separator: ",") + "}"
}

/// Text as a JSON string.
///
/// Characters that some readers treat as line ends are escaped too, so a JSON Lines record is one
/// line for every reader.
///
/// - Parameter text: the text.
/// - Returns: the string in quotes.
package func jsonString(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "\"") { result, scalar in
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case "\n": result += "\\n"
        case "\r": result += "\\r"
        case "\t": result += "\\t"
        case "\0"..<" ", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}":
            let digits = String(scalar.value, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: result.unicodeScalars.append(scalar)
        }
    } + "\""
}

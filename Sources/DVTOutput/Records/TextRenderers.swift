import DVTCore
import DVTSupport

/// A table in GitHub-flavored Markdown.
struct MarkdownRenderer: RowRenderer {
    let columns: [OutputColumn]

    func beginning() -> String {
        let rules = columns.map { $0.alignment == .leading ? ":---" : "---:" }
        return Self.line(columns.map { Self.escaped($0.title) }) + Self.line(rules)
    }

    func text(of row: [OutputValue]) -> String {
        Self.line(zip(columns, row).map { Self.escaped($0.shown($1)) })
    }

    func end() -> String { "" }

    private static func line(_ cells: [String]) -> String {
        "| " + cells.joined(separator: " | ") + " |\n"
    }

    /// Escapes bars, which would end the cell, and backslashes, which would undo that escape.
    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            result += character == "|" || character == "\\" ? "\\\(character)" : "\(character)"
        }
    }
}

/// Comma-separated values: a header line of keys, then one line per record.
///
/// Arrays are joined by `;`, and objects are JSON text.
struct CSVRenderer: RowRenderer {
    let columns: [OutputColumn]

    func beginning() -> String {
        Self.line(columns.map { Self.quotedIfNeeded($0.key) })
    }

    func text(of row: [OutputValue]) -> String {
        Self.line(row.map { Self.quotedIfNeeded($0.textForCSV) })
    }

    func end() -> String { "" }

    private static func line(_ fields: [String]) -> String {
        // Readers skip an empty line, so a record of one empty field is quoted.
        fields == [""] ? "\"\"\n" : fields.joined(separator: ",") + "\n"
    }

    private static func quotedIfNeeded(_ text: String) -> String {
        // Compared by bytes: CR LF is one Character, equal to neither CR nor LF.
        guard text.utf8.contains(where: { "\",\r\n".utf8.contains($0) }) else {
            return text
        }
        let doubled = text.unicodeScalars.reduce(into: "") { result, scalar in
            result += scalar == "\"" ? "\"\"" : String(scalar)
        }
        return "\"\(doubled)\""
    }
}

/// A JSON array with one record per line, alone or as the only member of an object.
struct JSONRenderer: RowRenderer {
    let columns: [OutputColumn]
    /// The member's name, or nil.
    let key: String?
    private var hasRows = false

    init(columns: [OutputColumn], key: String? = nil) {
        self.columns = columns
        self.key = key
    }

    func beginning() -> String { (key.map { "{\(jsonString($0)): " } ?? "") + "[" }

    mutating func text(of row: [OutputValue]) -> String {
        let separator = hasRows ? ",\n  " : "\n  "
        hasRows = true
        return separator + jsonRecord(columns, row)
    }

    func end() -> String { (hasRows ? "\n]" : "]") + (key == nil ? "\n" : "}\n") }
}

/// JSON Lines: one object per line.
struct JSONLinesRenderer: RowRenderer {
    let columns: [OutputColumn]

    func beginning() -> String { "" }

    func text(of row: [OutputValue]) -> String { jsonRecord(columns, row) + "\n" }

    func end() -> String { "" }
}

private func jsonRecord(_ columns: [OutputColumn], _ row: [OutputValue]) -> String {
    jsonObject(zip(columns, row).map { (key: $0.key, value: $1) })
}

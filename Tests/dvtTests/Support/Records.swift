import Foundation
import Testing

/// A record of `dvt classify` as machines read it.
struct ClassifyRow: Decodable, Equatable {
    struct Entry: Decodable, Equatable {
        let `class`: Int
        let label: String?
        let probability: Double
    }

    let file: String
    let exit: Int
    let `class`: Int
    let label: String?
    let probability: Double
    let threshold: Double?
    let multiplyAdds: Int
    let confidences: [Double]
    let top: [Entry]?
}

extension ClassifyRow {
    /// Reads a record of CSV.
    init(csv fields: [String: String]) throws {
        file = try #require(fields["file"])
        exit = try #require(fields["exit"].flatMap(Int.init))
        `class` = try #require(fields["class"].flatMap(Int.init))
        label = fields["label"].flatMap { $0.isEmpty ? nil : $0 }
        probability = try #require(fields["probability"].flatMap(Double.init))
        threshold = fields["threshold"].flatMap(Double.init)
        multiplyAdds = try #require(fields["multiply_adds"].flatMap(Int.init))
        let texts = try #require(fields["confidences"]).split(separator: ";")
        confidences = try texts.map { try #require(Double(String($0))) }
        top = nil
    }

    /// The fields that must be equal on all backends.
    var decision: Decision { Decision(file: file, exit: exit, class: `class`) }

    struct Decision: Equatable {
        let file: String
        let exit: Int
        let `class`: Int
    }
}

/// Reads a JSON array of records.
func json<Row: Decodable>(_ text: String, as type: Row.Type = Row.self) throws -> [Row] {
    try decoder().decode([Row].self, from: Data(text.utf8))
}

/// Reads one record per line.
func jsonLines<Row: Decodable>(_ text: String, as type: Row.Type = Row.self) throws -> [Row] {
    try text.split(separator: "\n").map {
        try decoder().decode(Row.self, from: Data($0.utf8))
    }
}

private func decoder() -> JSONDecoder {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return decoder
}

/// Reads CSV whose fields hold no line feeds: one dictionary per record.
func csv(_ text: String) throws -> [[String: String]] {
    var lines = text.split(separator: "\n").map { csvFields(String($0)) }
    let keys = lines.removeFirst()
    return try lines.map { fields in
        try #require(fields.count == keys.count)
        return Dictionary(uniqueKeysWithValues: zip(keys, fields))
    }
}

private func csvFields(_ line: String) -> [String] {
    var fields = [""]
    var isQuoted = false
    for character in line {
        switch character {
        case "\"": isQuoted.toggle()
        case "," where !isQuoted: fields.append("")
        default: fields[fields.count - 1].append(character)
        }
    }
    return fields
}

/// Reads a Markdown table: its cells by rows, first the titles, without the rule.
func markdown(_ text: String) -> [[String]] {
    var rows = text.split(separator: "\n").map { line in
        line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
    }
    if rows.count > 1 { rows.remove(at: 1) }
    return rows
}

/// Reads an aligned table; the rule under its titles marks the columns.
func table(_ text: String) throws -> [[String]] {
    let lines = text.split(separator: "\n").map(Array.init)
    let rule = try #require(lines.dropFirst().first)
    let starts = rule.indices.filter {
        rule[$0] == "-" && ($0 == 0 || rule[$0 - 1] == " ")
    }
    return lines.enumerated().filter { $0.offset != 1 }.map { _, line in
        zip(starts, starts.dropFirst() + [Int.max]).map { start, end in
            let cell = line[min(start, line.count)..<min(end, line.count)]
            return String(cell).trimmingCharacters(in: .whitespaces)
        }
    }
}

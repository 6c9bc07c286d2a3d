/// How a command prints its records.
package enum OutputFormat: String, CaseIterable, Sendable {
    /// Aligned columns, for a terminal.
    case table
    /// One JSON array of objects.
    case json
    /// One JSON object a line.
    case jsonl
    /// Comma-separated values with a header line, quoted as RFC 4180 says, lines ended by LF.
    case csv
    /// A table of GitHub's Markdown.
    case markdown

    /// Whether programs read it rather than people.
    package var isForMachines: Bool {
        switch self {
        case .json, .jsonl, .csv: true
        case .table, .markdown: false
        }
    }
}

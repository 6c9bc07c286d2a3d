/// How a command prints its records.
package enum OutputFormat: String, CaseIterable, Sendable {
    /// Aligned columns, for a terminal.
    case table
    /// One JSON array of objects.
    case json
    /// One JSON object per line.
    case jsonl
    /// Comma-separated values with a header line, quoted as in RFC 4180, with LF line ends.
    case csv
    /// A table in GitHub-flavored Markdown.
    case markdown

    /// Whether the format is read by programs.
    package var isForMachines: Bool { audience != .people }

    /// The columns that the format includes.
    var audience: OutputColumn.Audience {
        switch self {
        case .json, .jsonl: .json
        case .csv: .csv
        case .table, .markdown: .people
        }
    }
}

/// When a table is printed.
package enum TableLayout: Sendable {
    /// At the end, with every column as wide as its widest cell.
    case whole
    /// As rows arrive: widths fit the titles and the first rows, and a wider cell in a later row
    /// shifts the rest of that row.
    case streaming(firstRows: Int)
}

/// Prints records of the same columns in one of the formats.
///
/// Call ``finish()`` after the last row, and also when a run fails between rows: it completes the
/// output, for example with a JSON array's bracket.
package final class RecordWriter {
    private let columns: [OutputColumn]
    private let output: any TextOutput
    private let audience: OutputColumn.Audience
    private var renderer: any RowRenderer
    private var hasBegun = false
    private var isFinished = false

    /// Creates a writer; nothing is written before the first row or ``finish()``.
    ///
    /// - Parameters:
    ///   - format: the format.
    ///   - columns: the columns, with distinct keys.
    ///   - output: receives the text.
    ///   - table: when a table is printed.
    ///   - jsonKey: the key of the array of records in a JSON object, or nil for the array alone.
    package init(
        _ format: OutputFormat, columns: [OutputColumn], to output: any TextOutput,
        table: TableLayout = .whole, jsonKey: String? = nil
    ) {
        precondition(
            Set(columns.map(\.key)).count == columns.count, "two columns have the same key")
        self.columns = columns
        self.output = output
        let audience = format.audience
        let visible = columns.filter { $0.audience.contains(audience) }
        switch format {
        case .table: renderer = TableRenderer(visible, layout: table)
        case .markdown: renderer = MarkdownRenderer(columns: visible)
        case .csv: renderer = CSVRenderer(columns: visible)
        case .json: renderer = JSONRenderer(columns: visible, key: jsonKey)
        case .jsonl: renderer = JSONLinesRenderer(columns: visible)
        }
        self.audience = audience
    }

    /// Writes and flushes one record; a table may hold it back.
    ///
    /// - Parameter row: one value per column, including columns that the format omits.
    /// - Throws: ``OutputError`` if the system fails to write.
    package func write(_ row: [OutputValue]) throws(OutputError) {
        precondition(!isFinished, "a row after the end")
        precondition(
            row.count == columns.count, "\(row.count) values in \(columns.count) columns")
        let visible = zip(columns, row).filter { $0.0.audience.contains(audience) }.map(\.1)
        let beginning = hasBegun ? "" : renderer.beginning()
        hasBegun = true
        // At once: a signal loses no row, and a closed pipe is noticed.
        try output.write(beginning + renderer.text(of: visible))
        try output.flush()
    }

    /// Completes and flushes the output; further calls do nothing.
    ///
    /// - Throws: ``OutputError`` if the system fails to write.
    package func finish() throws(OutputError) {
        guard !isFinished else { return }
        isFinished = true
        let beginning = hasBegun ? "" : renderer.beginning()
        try output.write(beginning + renderer.end())
        try output.flush()
    }
}

/// Formats records as text.
protocol RowRenderer {
    /// The text before the first row.
    mutating func beginning() -> String

    /// The text of a row with one value per column; empty if the row is held back.
    mutating func text(of row: [OutputValue]) -> String

    /// The text after the last row.
    mutating func end() -> String
}

/// When a table is printed.
package enum TableLayout: Sendable {
    /// At the end, every column as wide as its widest cell.
    case whole
    /// As rows come: widths fit the titles and the first rows, and a later cell that is wider
    /// moves the rest of its row.
    case streaming(firstRows: Int)
}

/// Prints records of the same columns in one of the formats.
///
/// ``finish()`` belongs after the last row, and also where a run fails between rows: what has been
/// written then is still whole, a JSON array with its bracket for example.
package final class RecordWriter {
    private let columns: [OutputColumn]
    private let output: any TextOutput
    private let flushesEachRow: Bool
    private let hiddenAudience: OutputColumn.Audience
    private var renderer: any RowRenderer
    private var hasBegun = false
    private var isFinished = false

    /// Creates a writer; nothing is written before the first row or ``finish()``.
    ///
    /// - Parameters:
    ///   - format: the format.
    ///   - columns: the columns, each key once.
    ///   - output: where the text goes.
    ///   - table: when a table is printed.
    ///   - jsonKey: JSON is an object with the array of records under this name, or nil for the
    ///     array alone.
    ///   - flushesEachRow: whether each row is handed on at once, as it always is to a terminal;
    ///     for readers that wait for it.
    package init(
        _ format: OutputFormat, columns: [OutputColumn], to output: any TextOutput,
        table: TableLayout = .whole, jsonKey: String? = nil, flushesEachRow: Bool = false
    ) {
        precondition(
            Set(columns.map(\.key)).count == columns.count, "two columns have the same key")
        self.columns = columns
        self.output = output
        self.flushesEachRow = flushesEachRow || output.isTerminal
        let hidden: OutputColumn.Audience = format.isForMachines ? .people : .machines
        let visible = columns.filter { $0.audience != hidden }
        switch format {
        case .table: renderer = TableRenderer(visible, layout: table)
        case .markdown: renderer = MarkdownRenderer(columns: visible)
        case .csv: renderer = CSVRenderer(columns: visible)
        case .json: renderer = JSONRenderer(columns: visible, key: jsonKey)
        case .jsonl: renderer = JSONLinesRenderer(columns: visible)
        }
        hiddenAudience = hidden
    }

    /// Writes one record.
    ///
    /// - Parameter row: one value a column, those that the format does not show included.
    /// - Throws: ``OutputError`` if the output does not take it.
    package func write(_ row: [OutputValue]) throws(OutputError) {
        precondition(!isFinished, "a row after the end")
        precondition(
            row.count == columns.count, "\(row.count) values in \(columns.count) columns")
        let visible = zip(columns, row).filter { $0.0.audience != hiddenAudience }.map(\.1)
        let beginning = hasBegun ? "" : renderer.beginning()
        hasBegun = true
        try output.write(beginning + renderer.text(of: visible))
        if flushesEachRow {
            try output.flush()
        }
    }

    /// Writes what belongs after the last record and hands everything on; more calls do nothing.
    ///
    /// - Throws: ``OutputError`` if the output does not take it.
    package func finish() throws(OutputError) {
        guard !isFinished else { return }
        isFinished = true
        let beginning = hasBegun ? "" : renderer.beginning()
        try output.write(beginning + renderer.end())
        try output.flush()
    }
}

/// Turns records into the text of one format.
protocol RowRenderer {
    /// The text in front of the first row.
    mutating func beginning() -> String

    /// The text of a row, one value a column; empty where the row is kept for later.
    mutating func text(of row: [OutputValue]) -> String

    /// The text after the last row.
    mutating func end() -> String
}

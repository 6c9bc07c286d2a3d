import DVTCore
import DVTOutput

/// Collects the written text of each flush.
final class CollectedOutput: TextOutput {
    /// The text of each flush.
    private(set) var pieces: [String] = []
    private var waiting = ""

    var text: String { pieces.joined() + waiting }

    func write(_ text: String) throws(OutputError) {
        waiting += text
    }

    func flush() throws(OutputError) {
        pieces.append(waiting)
        waiting = ""
    }
}

/// The text of some rows in one format.
func written(
    _ format: OutputFormat, _ columns: [OutputColumn], _ rows: [[OutputValue]],
    table: TableLayout = .whole
) throws -> String {
    let output = CollectedOutput()
    let writer = RecordWriter(format, columns: columns, to: output, table: table)
    for row in rows {
        try writer.write(row)
    }
    try writer.finish()
    return output.text
}

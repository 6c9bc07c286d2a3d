import ArgumentParser
import DVTCore
import DVTOutput

/// How a command prints its records.
struct OutputOptions: ParsableArguments {
    @Option(help: "The output: table, json, jsonl, csv or markdown.")
    var format = OutputFormat.table

    /// Prints records, and leaves the output whole whatever happens.
    ///
    /// - Parameters:
    ///   - columns: the records' columns.
    ///   - progress: what may stand on the terminal's last line.
    ///   - table: when a table is printed.
    ///   - jsonKey: what the records are called where JSON is one object, or nil for an array.
    ///   - body: writes the records.
    /// - Throws: the body's error, or ``OutputError`` if the output does not take the text; a
    ///   reader that has gone ends the command quietly.
    func withWriter(
        _ columns: [OutputColumn], progress: ProgressReporter? = nil,
        table: TableLayout = .whole, jsonKey: String? = nil, _ body: (RecordWriter) throws -> Void
    ) throws {
        let output = DescriptorOutput(progress: progress)
        let writer = RecordWriter(
            format, columns: columns, to: output, table: table, jsonKey: jsonKey,
            flushesEachRow: format == .jsonl)
        do {
            do {
                try body(writer)
            } catch let error where !(error is OutputError) {
                // What the body says counts, even where its rows have no reader any more.
                try? writer.finish()
                throw error
            }
            try writer.finish()
        } catch OutputError.readerGone {
            throw ExitCode.success
        }
    }
}

extension OutputFormat: ExpressibleByArgument {}

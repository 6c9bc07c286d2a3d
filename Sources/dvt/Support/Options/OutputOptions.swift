import ArgumentParser
import DVTCore
import DVTOutput

/// The output format of a command.
struct OutputOptions: ParsableArguments {
    @Option(help: "Output format.")
    var format = OutputFormat.table

    /// Prints records; the output is well-formed even if `body` throws.
    ///
    /// - Parameters:
    ///   - columns: the columns of the records.
    ///   - progress: the progress bar to clear before output, or nil.
    ///   - table: when rows of a table are printed.
    ///   - jsonKey: the key of the records if the JSON is an object, or nil for an array.
    ///   - body: writes the records.
    /// - Throws: the body's error, or ``OutputError`` if writing fails; a closed pipe ends the
    ///   command with exit code 0.
    func withWriter(
        _ columns: [OutputColumn], progress: ProgressReporter? = nil,
        table: TableLayout = .whole, jsonKey: String? = nil, _ body: (RecordWriter) throws -> Void
    ) throws {
        let output = DescriptorOutput(progress: progress)
        let writer = RecordWriter(
            format, columns: columns, to: output, table: table, jsonKey: jsonKey)
        do {
            do {
                try body(writer)
            } catch let error where !(error is OutputError) {
                // The body's error takes precedence over a failed write of the rest.
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

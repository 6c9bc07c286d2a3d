import DVTSupport

/// A file of records in the format of its ending.
package struct RecordFile {
    /// The endings with their formats, for ``init(path:)``.
    private static let formats: [(ending: String, format: OutputFormat)] = [
        (".csv", .csv), (".json", .json), (".jsonl", .jsonl), (".md", .markdown),
    ]

    /// The endings as a clause: `.csv, .json, .jsonl or .md`.
    package static let endings = ".csv, .json, .jsonl or .md"

    /// The file.
    package let path: String
    private let format: OutputFormat

    /// Creates a file of records; nothing is written.
    ///
    /// - Parameter path: the file, or nil if its ending names no format.
    package init?(path: String) {
        let name = path.lowercased()
        guard let found = Self.formats.first(where: { name.hasSuffix($0.ending) }) else {
            return nil
        }
        self.path = path
        format = found.format
    }

    /// Checks that the file can be written.
    ///
    /// - Throws: `FileError` if it cannot.
    package func checkIsWritable() throws {
        _ = try AtomicFileWriter(path: path)
    }

    /// Creates or replaces the file atomically.
    ///
    /// - Parameters:
    ///   - columns: the columns, with distinct keys.
    ///   - rows: the records, each with one value per column.
    /// - Throws: `FileError` if the system fails to write.
    package func write(
        _ columns: [OutputColumn], rows: some Sequence<[OutputValue]>
    ) throws {
        let file = try AtomicFileWriter(path: path)
        let text = TextBuffer()
        let writer = RecordWriter(format, columns: columns, to: text)
        for row in rows {
            try writer.write(row)
            if text.bytes.count >= TextBuffer.byteCount { try file.append(text.take()) }
        }
        try writer.finish()
        try file.append(text.take())
        try file.commit()
    }
}

/// Text in memory.
private final class TextBuffer: TextOutput {
    /// The size at which its owner empties it.
    static let byteCount = 1 << 16

    private(set) var bytes: [UInt8] = []

    func write(_ text: String) throws(OutputError) { bytes += text.utf8 }

    func flush() throws(OutputError) {}

    func take() -> [UInt8] {
        defer { bytes.removeAll(keepingCapacity: true) }
        return bytes
    }
}

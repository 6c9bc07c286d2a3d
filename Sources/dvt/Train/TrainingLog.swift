import DVTCheckpoints
import DVTCore

/// The log of a run: a line of JSON an epoch.
struct TrainingLog {
    private let folder: RunFolder
    private var lines: [String]
    /// The time spent on training up to the last epoch, seconds.
    private(set) var seconds = 0.0

    /// Opens the log of a run, and forgets epochs that its checkpoint does not know.
    ///
    /// - Parameters:
    ///   - folder: the run's folder.
    ///   - epochs: the epochs that are done.
    /// - Throws: the file's error.
    init(_ folder: RunFolder, epochs: Int) throws {
        self.folder = folder
        lines = []
        guard epochs > 0, let file = try? MappedFile(path: folder.log) else { return }
        let bytes = try file.withBytes(in: 0..<file.byteCount) { [UInt8]($0) }
        lines = bytes.split(separator: UInt8(ascii: "\n")).prefix(epochs).map {
            String(decoding: $0, as: UTF8.self)
        }
        if let last = lines.last,
            case .object(let members) = try? JSONValue(
                parsing: Array(last.utf8)),
            let value = members.first(where: { $0.key == "seconds" })?.value.number
        {
            seconds = value
        }
    }

    /// Adds an epoch.
    ///
    /// - Parameter record: what it came to.
    /// - Throws: the file's error.
    mutating func add(_ record: EpochRecord) throws {
        lines.append(record.json)
        seconds = record.seconds
        try RunFolder.write(lines.map { $0 + "\n" }.joined(), to: folder.log)
    }
}

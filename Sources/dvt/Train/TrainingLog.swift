import DVTCheckpoints
import DVTSupport

/// The log of a run: a line of JSON an epoch.
struct TrainingLog {
    private let folder: RunFolder
    /// The epochs that are done.
    private(set) var epochs: [EpochRecord] = []

    /// The time spent on training up to the last epoch, seconds.
    var seconds: Double { epochs.last?.seconds ?? 0 }

    /// Opens the log of a run, and forgets epochs that its checkpoint does not know.
    ///
    /// - Parameters:
    ///   - folder: the run's folder.
    ///   - count: the epochs that are done.
    /// - Throws: the file's error, or ``RunFolderError`` if a line is none of a log.
    init(_ folder: RunFolder, epochs count: Int) throws {
        self.folder = folder
        guard count > 0 else { return }
        let file = try MappedFile(path: folder.log)
        let lines = try file.withBytes(in: 0..<file.byteCount) { [UInt8]($0) }
            .split(separator: UInt8(ascii: "\n"))
        epochs = try lines.prefix(count).enumerated().map { index, line in
            guard let record = EpochRecord(json: line) else {
                throw RunFolderError(
                    path: folder.log, problem: "line \(index + 1) is no epoch of a run; mend it")
            }
            return record
        }
    }

    /// Adds an epoch.
    ///
    /// - Parameter record: what it came to.
    /// - Throws: the file's error.
    mutating func add(_ record: EpochRecord) throws {
        epochs.append(record)
        try replaceFile(folder.log, with: epochs.map { $0.json + "\n" }.joined())
    }
}

import DVTSupport

/// The log of a run: one JSON line per epoch.
struct TrainingLog {
    private let folder: RunFolder
    /// The completed epochs.
    private(set) var epochs: [EpochRecord] = []

    /// The training time up to the last completed epoch, seconds.
    var seconds: Double { epochs.last?.seconds ?? 0 }

    /// Opens the log, without epochs later than the checkpoint.
    ///
    /// - Parameters:
    ///   - folder: the run's folder.
    ///   - count: the number of completed epochs.
    /// - Throws: the file's error, or ``RunFolderError`` if a line is invalid.
    init(_ folder: RunFolder, epochs count: Int) throws {
        self.folder = folder
        guard count > 0 else { return }
        let file = try MappedFile(path: folder.log)
        let lines = try file.withBytes(in: 0..<file.byteCount) { [UInt8]($0) }
            .split(separator: UInt8(ascii: "\n"))
        epochs = try lines.prefix(count).enumerated().map { index, line in
            guard let record = EpochRecord(json: line) else {
                throw RunFolderError(
                    path: folder.log,
                    problem: "line \(index + 1) is not a valid epoch record; repair the file")
            }
            return record
        }
    }

    /// Appends an epoch and writes the log.
    ///
    /// - Parameter record: the record of the epoch.
    /// - Throws: the file's error.
    mutating func add(_ record: EpochRecord) throws {
        epochs.append(record)
        try replaceFile(folder.log, with: epochs.map { $0.json + "\n" }.joined())
    }
}

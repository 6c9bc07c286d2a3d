import DVTCheckpoints
internal import DVTCore
import DVTSupport

/// The softmax outputs of a running evaluation, stored on disk after each batch to save memory and
/// to allow resuming an interrupted evaluation.
///
/// The folder next to the final file has its name with the suffix `.part`. It is a `RowJournal` of
/// the probabilities of each exit, the labels, and the positions of the images in their set.
package final class OutputsJournal {
    /// The model, data set and batch size of an evaluation.
    ///
    /// A run resumes only a journal with an equal subject.
    package struct Subject: Codable, Equatable, Sendable {
        package let model: String
        package let weights: String
        package let data: String
        package let images: Int
        package let batchSize: Int
        package let exits: Int
        package let classes: Int
        /// The precision of tensors; this and the next are nil in journals of earlier versions.
        package let precision: String?
        /// How images become inputs, as JSON.
        package let preprocessing: String?

        package init(
            model: String, weights: String, data: String, images: Int, batchSize: Int,
            exits: Int, classes: Int, precision: String, preprocessing: String
        ) {
            self.model = model
            self.weights = weights
            self.data = data
            self.images = images
            self.batchSize = batchSize
            self.exits = exits
            self.classes = classes
            self.precision = precision
            self.preprocessing = preprocessing
        }
    }

    /// The number of images whose outputs are stored.
    package var images: Int { journal.rows }
    /// The number of images of the set processed so far, unreadable ones included.
    package var taken: Int { journal.taken }
    private let path: String
    private let journal: RowJournal<Subject>
    private var subject: Subject { journal.subject }

    /// Starts a journal, or resumes one.
    ///
    /// - Parameters:
    ///   - path: the final file.
    ///   - subject: the subject of the evaluation.
    ///   - resuming: whether to resume an interrupted run. Otherwise the journal of an interrupted
    ///     run is an error, to prevent its loss.
    /// - Throws: ``EvaluationError`` or `FileError`.
    package init(path: String, subject: Subject, resuming: Bool) throws {
        self.path = path
        do {
            journal = try RowJournal(
                folder: path + ".part", subject: subject, images: subject.images,
                columns: (0..<subject.exits).map {
                    RowJournal<Subject>.Column("exit\($0)", width: subject.classes)
                }, integers: ["labels", "places"], resuming: resuming)
        } catch let error as RowJournalError<Subject> {
            throw EvaluationError(error, wanted: subject)
        }
    }

    /// Adds a batch, which is stored once this returns.
    ///
    /// - Parameters:
    ///   - probabilities: the softmax outputs of each exit, `[B, C]`.
    ///   - labels: the class of each image.
    ///   - places: the positions of the images in the set, including unreadable images.
    ///   - taken: the number of images processed so far.
    /// - Throws: `FileError` if the system fails to write.
    package func add(
        _ probabilities: [[Float]], labels: [Int], places: [Int], taken: Int
    ) throws {
        try journal.add(probabilities, integers: [labels, places], taken: taken)
    }

    /// Passes the stored outputs to a closure in chunks of images.
    ///
    /// - Parameter body: receives the probabilities of each exit, `[n, C]`, the labels and the
    ///   positions.
    /// - Throws: ``EvaluationError`` or `FileError` if the files cannot be read, and errors of
    ///   `body`.
    package func forEachPart(_ body: ([[Float]], [Int], [Int]) throws -> Void) throws {
        let (labels, places) = (try integers(0), try integers(1))
        for start in stride(from: 0, to: images, by: Self.part) {
            let range = start..<min(start + Self.part, images)
            let rows = try (0..<subject.exits).map { try floats($0, range) }
            try body(rows, Array(labels[range]), Array(places[range]))
        }
    }

    /// Writes the final file in the format of ``CalibrationData``, and removes the journal.
    ///
    /// - Parameters:
    ///   - exitGigaMultiplyAdds: the cost of an image that exits at each stage, 10^9 multiply-adds.
    ///   - heldOut: one of every `heldOut` images goes to the test part; 0 for none.
    /// - Throws: ``EvaluationError``, `FileError` or the file format's error.
    package func finish(exitGigaMultiplyAdds: [Double], heldOutEvery heldOut: Int) throws {
        let parts = heldOut > 0 ? ["calibration", "test"] : ["calibration"]
        func isTest(_ image: Int) -> Bool { isHeldOut(image, every: heldOut) }
        let labels = try integers(0)
        let places = parts.map { part in
            labels.indices.filter { isTest($0) == (part == "test") }
        }
        let costs = exitGigaMultiplyAdds.map { Float($0) }
        try SafetensorsWriter.write(
            zip(parts, places).map {
                ("\($0)_probabilities", [subject.exits, $1.count, subject.classes])
            } + [("gflops", [costs.count])],
            integers: zip(parts, places).map { part, places in
                ("\(part)_labels", places.map { Int32(labels[$0]) })
            }, metadata: ["model": subject.model], to: path
        ) { entry, write in
            guard entry < parts.count else { return try write(costs) }
            for exit in 0..<subject.exits {
                try forEachRow(of: exit, where: { isTest($0) == (parts[entry] == "test") }, write)
            }
        }
        journal.remove()
    }

    private static let part = 1024

    private func forEachRow(
        of exit: Int, where isWanted: (Int) -> Bool, _ body: ([Float]) throws -> Void
    ) throws {
        for start in stride(from: 0, to: images, by: Self.part) {
            let range = start..<min(start + Self.part, images)
            let rows = try floats(exit, range)
            let wanted = range.filter(isWanted).map { $0 - start }
            try body(
                wanted.flatMap { rows[$0 * subject.classes..<($0 + 1) * subject.classes] })
        }
    }

    private func floats(_ exit: Int, _ range: Range<Int>) throws -> [Float] {
        try reading { try journal.floats(exit, rows: range) }
    }

    private func integers(_ column: Int) throws -> [Int] {
        try reading { try journal.integers(column) }
    }

    private func reading<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as RowJournalError<Subject> {
            throw EvaluationError(error, wanted: subject)
        }
    }
}

extension EvaluationError {
    fileprivate init(
        _ error: RowJournalError<OutputsJournal.Subject>, wanted: OutputsJournal.Subject
    ) {
        self =
            switch error {
            case .unfinished(let folder): .unfinished(folder: folder)
            case .nothingToResume(let folder): .nothingToResume(folder: folder)
            case .anotherSubject(let folder, let kept):
                .anotherSubject(folder: folder, kept: kept, wanted: wanted)
            case .damaged(let path): .damaged(path: path)
            }
    }
}

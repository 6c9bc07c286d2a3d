import DVTCheckpoints
internal import DVTCore
import DVTSupport
import FoundationEssentials
import Glibc

/// The softmax outputs of a running evaluation, stored on disk after each batch to save memory and
/// to allow resuming an interrupted evaluation.
///
/// The folder next to the final file has its name with the suffix `.part`. It holds one float32
/// file per exit, the labels, the positions of the images in their set, and `state.json`, which is
/// replaced after every batch and records how much of the other files is valid.
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
    package private(set) var images = 0
    /// The number of images of the set processed so far, unreadable ones included.
    package private(set) var taken = 0
    private let path: String
    private let subject: Subject
    /// One file per exit, then the labels and the positions.
    private var files: [AppendingFile] = []

    private var folder: String { path + ".part" }
    private var statePath: String { folder + "/state.json" }
    private var labelsPath: String { folder + "/labels.i32" }
    private var placesPath: String { folder + "/places.i32" }
    private func exitPath(_ exit: Int) -> String { folder + "/exit\(exit).f32" }

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
        self.subject = subject
        let exists = access(statePath, F_OK) == 0
        guard exists == resuming else {
            throw resuming
                ? EvaluationError.nothingToResume(folder: folder)
                : EvaluationError.unfinished(folder: folder)
        }
        if resuming {
            try readState()
        } else {
            try makeFolder(folder)
        }
        // Discards an incomplete batch after an interruption.
        files =
            try (0..<subject.exits).map {
                try openFile(exitPath($0), keeping: images * subject.classes * 4)
            } + [labelsPath, placesPath].map { try openFile($0, keeping: images * 4) }
        if !resuming { try writeState() }
    }

    private func openFile(_ path: String, keeping byteCount: Int) throws -> AppendingFile {
        do throws(FileError) {
            return try AppendingFile(path: path, keeping: byteCount)
        } catch {
            guard case .endedEarly = error.cause else { throw error }
            throw EvaluationError.damaged(path: path)
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
        for (file, values) in zip(files, probabilities) { try file.append(values) }
        for (file, numbers) in zip(files.suffix(2), [labels, places]) {
            try file.append(numbers.map { Int32($0) })
        }
        images += labels.count
        self.taken = taken
        try writeState()
    }

    /// Passes the stored outputs to a closure in chunks of images.
    ///
    /// - Parameter body: receives the probabilities of each exit, `[n, C]`, the labels and the
    ///   positions.
    /// - Throws: ``EvaluationError`` or `FileError` if the files cannot be read, and errors of
    ///   `body`.
    package func forEachPart(_ body: ([[Float]], [Int], [Int]) throws -> Void) throws {
        let (labels, places) = (try readNumbers(labelsPath), try readNumbers(placesPath))
        for start in stride(from: 0, to: images, by: Self.part) {
            let count = min(Self.part, images - start)
            let rows = try (0..<subject.exits).map { try readRows($0, from: start, count: count) }
            let range = start..<start + count
            try body(rows, labels[range].map { Int($0) }, places[range].map { Int($0) })
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
        let labels = try readNumbers(labelsPath)
        let places = parts.map { part in
            labels.indices.filter { isTest($0) == (part == "test") }
        }
        let costs = exitGigaMultiplyAdds.map { Float($0) }
        try SafetensorsWriter.write(
            zip(parts, places).map {
                ("\($0)_probabilities", [subject.exits, $1.count, subject.classes])
            } + [("gflops", [costs.count])],
            integers: zip(parts, places).map { part, places in
                ("\(part)_labels", places.map { labels[$0] })
            }, metadata: ["model": subject.model], to: path
        ) { entry, write in
            guard entry < parts.count else { return try write(costs) }
            for exit in 0..<subject.exits {
                try forEachRow(of: exit, where: { isTest($0) == (parts[entry] == "test") }, write)
            }
        }
        remove()
    }

    private func remove() {
        for path in (0..<subject.exits).map(exitPath) + [labelsPath, placesPath, statePath] {
            unlink(path)
        }
        rmdir(folder)
    }

    private static let part = 1024

    private func forEachRow(
        of exit: Int, where isWanted: (Int) -> Bool, _ body: ([Float]) throws -> Void
    ) throws {
        for start in stride(from: 0, to: images, by: Self.part) {
            let count = min(Self.part, images - start)
            let rows = try readRows(exit, from: start, count: count)
            let wanted = (0..<count).filter { isWanted(start + $0) }
            try body(
                wanted.flatMap { rows[$0 * subject.classes..<($0 + 1) * subject.classes] })
        }
    }

    private func readRows(_ exit: Int, from start: Int, count: Int) throws -> [Float] {
        let size = subject.classes * 4
        return try read(exitPath(exit), offset: start * size, count: count * subject.classes)
    }

    private func readNumbers(_ path: String) throws -> [Int32] {
        try read(path, offset: 0, count: images)
    }

    private func read<Element: BitwiseCopyable>(
        _ path: String, offset: Int, count: Int
    ) throws -> [Element] {
        guard count > 0 else { return [] }
        let file = try MappedFile(path: path)
        let size = MemoryLayout<Element>.stride
        guard file.byteCount >= offset + count * size else {
            throw EvaluationError.damaged(path: path)
        }
        return try file.withBytes(in: offset..<offset + count * size) { bytes in
            [Element](unsafeUninitializedCapacity: count) { room, initialized in
                UnsafeMutableRawBufferPointer(room).copyMemory(from: bytes)
                initialized = count
            }
        }
    }
}

// The state file.
extension OutputsJournal {
    private struct State: Codable {
        let subject: Subject
        let images: Int
        let taken: Int
    }

    private func writeState() throws {
        let state = State(subject: subject, images: images, taken: taken)
        try replaceFile(statePath, with: [UInt8](JSONEncoder().encode(state)))
    }

    private func readState() throws {
        let bytes = try readFile(statePath, limit: 1 << 20)
        guard let state = try? JSONDecoder().decode(State.self, from: Data(bytes)) else {
            throw EvaluationError.damaged(path: statePath)
        }
        guard state.subject == subject else {
            throw EvaluationError.anotherSubject(
                folder: folder, kept: state.subject, wanted: subject)
        }
        guard state.images >= 0, state.images <= state.taken, state.taken <= subject.images else {
            throw EvaluationError.damaged(path: statePath)
        }
        images = state.images
        taken = state.taken
    }
}

import DVTCheckpoints
internal import DVTCore
import DVTSupport
import Glibc

/// The softmax outputs of an evaluation on their way to a file: written image by image, so that
/// they need no memory, and kept where the evaluation is interrupted, so that it can go on.
///
/// They lie beside the file, in a folder of its name and `.part`: one file of float32 an exit, the
/// labels, the places of the images in their set, and `state.json`, which is replaced after every
/// batch and says how much of the others counts.
package final class OutputsJournal {
    /// What the outputs are of; a journal of anything else is not gone on with.
    package struct Subject: Equatable, Sendable {
        package let model: String
        package let weights: String
        package let data: String
        package let images: Int
        package let batchSize: Int
        package let exits: Int
        package let classes: Int

        package init(
            model: String, weights: String, data: String, images: Int, batchSize: Int,
            exits: Int, classes: Int
        ) {
            self.model = model
            self.weights = weights
            self.data = data
            self.images = images
            self.batchSize = batchSize
            self.exits = exits
            self.classes = classes
        }
    }

    /// The images whose outputs are kept.
    package private(set) var images = 0
    /// The images of the set that were taken, unreadable ones included.
    package private(set) var taken = 0
    private let path: String
    private let subject: Subject

    private var folder: String { path + ".part" }
    private var statePath: String { folder + "/state.json" }
    private var labelsPath: String { folder + "/labels.i32" }
    private var placesPath: String { folder + "/places.i32" }
    private func exitPath(_ exit: Int) -> String { folder + "/exit\(exit).f32" }

    /// Begins a journal, or goes on with one.
    ///
    /// - Parameters:
    ///   - path: the file that the outputs will be in.
    ///   - subject: what they are of.
    ///   - resuming: whether to go on with what an interrupted run left; without it that is an
    ///     error, so that nobody's work is lost.
    /// - Throws: ``EvaluationError`` or ``/DVTCheckpoints/FileError``.
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
            try cut()
        } else {
            guard mkdir(folder, 0o777) == 0 || errno == EEXIST else {
                throw EvaluationError.notWritable(path: folder, reason: systemMessage())
            }
            try cut()
            try writeState()
        }
    }

    /// Adds a batch; it counts once this returns.
    ///
    /// - Parameters:
    ///   - probabilities: of every exit, `[B, C]`.
    ///   - labels: the classes of the images.
    ///   - places: their places in the set, which has unreadable images too.
    ///   - taken: the images taken so far.
    /// - Throws: ``EvaluationError`` if the system fails to write.
    package func add(
        _ probabilities: [[Float]], labels: [Int], places: [Int], taken: Int
    ) throws {
        for (exit, values) in probabilities.enumerated() {
            try values.withUnsafeBytes { try append($0, to: exitPath(exit)) }
        }
        for (numbers, path) in [(labels, labelsPath), (places, placesPath)] {
            try numbers.map { Int32($0) }.withUnsafeBytes { try append($0, to: path) }
        }
        images += labels.count
        self.taken = taken
        try writeState()
    }

    /// Goes through what is kept, some images at a time.
    ///
    /// - Parameter body: takes the probabilities of every exit, `[n, C]`, the labels and the
    ///   places.
    /// - Throws: ``EvaluationError`` if the files cannot be read, and what `body` throws.
    package func forEachPart(_ body: ([[Float]], [Int], [Int]) throws -> Void) throws {
        let (labels, places) = (try readNumbers(labelsPath), try readNumbers(placesPath))
        for start in stride(from: 0, to: images, by: Self.part) {
            let count = min(Self.part, images - start)
            let rows = try (0..<subject.exits).map { try readRows($0, from: start, count: count) }
            let range = start..<start + count
            try body(rows, labels[range].map { Int($0) }, places[range].map { Int($0) })
        }
    }

    /// Writes the file, as ``CalibrationData`` reads it, and removes the journal.
    ///
    /// - Parameters:
    ///   - exitGigaMultiplyAdds: what an image costs that leaves at each exit.
    ///   - heldOut: of every so many images one goes to the test part; 0 holds none out.
    /// - Throws: ``EvaluationError`` or the file's error.
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

    /// Removes the journal.
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

    /// Cuts what an interruption left behind the images that count.
    private func cut() throws {
        for exit in 0..<subject.exits {
            try cut(exitPath(exit), to: images * subject.classes * 4)
        }
        for path in [labelsPath, placesPath] { try cut(path, to: images * 4) }
    }

    private func cut(_ path: String, to byteCount: Int) throws {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        var status = stat()
        guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
            throw EvaluationError.notWritable(path: path, reason: systemMessage())
        }
        defer { close(descriptor) }
        guard Int(status.st_size) >= byteCount else { throw EvaluationError.damaged(path: path) }
        guard ftruncate(descriptor, byteCount) == 0 else {
            throw EvaluationError.notWritable(path: path, reason: systemMessage())
        }
    }

    private func append(_ bytes: UnsafeRawBufferPointer, to path: String) throws {
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw EvaluationError.notWritable(path: path, reason: systemMessage())
        }
        defer { close(descriptor) }
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            guard count > 0 || errno == EINTR else {
                throw EvaluationError.notWritable(path: path, reason: systemMessage())
            }
            done += max(0, count)
        }
    }
}

extension OutputsJournal {
    private func writeState() throws {
        let state: JSONValue = [
            "model": .string(subject.model), "weights": .string(subject.weights),
            "data": .string(subject.data), "set_size": .int(subject.images),
            "batch_size": .int(subject.batchSize), "exits": .int(subject.exits),
            "classes": .int(subject.classes), "images": .int(images), "taken": .int(taken),
        ]
        let writer = try AtomicFileWriter(path: statePath)
        try Array(state.jsonText.utf8).withUnsafeBytes { try writer.append($0) }
        try writer.commit()
    }

    private func readState() throws {
        let file = try MappedFile(path: statePath)
        let bytes = try file.withBytes(in: 0..<file.byteCount) { [UInt8]($0) }
        guard let value = try? JSONValue(parsing: bytes), case .object(let members) = value else {
            throw EvaluationError.damaged(path: statePath)
        }
        let found = Dictionary(members.map { ($0.key, $0.value) }) { first, _ in first }
        func text(_ key: String) -> String {
            if case .string(let text) = found[key] { text } else { "" }
        }
        func number(_ key: String) -> Int {
            if case .int(let number) = found[key] { number } else { -1 }
        }
        let kept = Subject(
            model: text("model"), weights: text("weights"), data: text("data"),
            images: number("set_size"), batchSize: number("batch_size"), exits: number("exits"),
            classes: number("classes"))
        guard kept == subject else {
            throw EvaluationError.anotherSubject(folder: folder, kept: kept, wanted: subject)
        }
        images = number("images")
        taken = number("taken")
        guard images >= 0, taken >= images else {
            throw EvaluationError.damaged(path: statePath)
        }
    }
}

import DVTSupport
import FoundationEssentials
import Glibc

/// Rows of numbers, one per image, that a long computation stores on disk batch by batch, so that
/// it needs little memory and continues after an interruption.
///
/// The folder holds one file per column, of float32 or int32, and `state.json`, which is replaced
/// after every batch and records how much of the other files is valid.
package final class RowJournal<Subject: Codable & Equatable> {
    /// A column of float32 numbers.
    package struct Column {
        /// The name of its file, without the extension.
        let name: String
        /// The numbers of a row.
        let width: Int

        package init(_ name: String, width: Int) {
            self.name = name
            self.width = width
        }
    }

    /// The folder.
    package let folder: String
    /// What the rows were computed from.
    package let subject: Subject
    /// The number of stored rows.
    package private(set) var rows = 0
    /// The number of images processed so far, unreadable ones included.
    package private(set) var taken = 0
    private let columns: [Column]
    private let integers: [String]
    /// One file per column of floats, then those of integers.
    private var files: [AppendingFile] = []

    private var statePath: String { folder + "/state.json" }
    private func path(_ column: Column) -> String { folder + "/\(column.name).f32" }
    private func path(integers name: String) -> String { folder + "/\(name).i32" }

    /// Starts a journal, or resumes one.
    ///
    /// - Parameters:
    ///   - folder: the folder.
    ///   - subject: what the rows are computed from; a run resumes only a journal with an equal one.
    ///   - images: the number of images in all.
    ///   - columns: the columns of floats.
    ///   - integers: the names of the columns of integers.
    ///   - resuming: whether a journal in the folder is resumed; nil means if there is one.
    ///     Otherwise it is an error, to prevent its loss.
    /// - Throws: ``RowJournalError`` or `FileError`.
    package init(
        folder: String, subject: Subject, images: Int, columns: [Column], integers: [String],
        resuming: Bool?
    ) throws {
        self.folder = folder
        self.subject = subject
        self.columns = columns
        self.integers = integers
        let exists = access(statePath, F_OK) == 0
        if let resuming, resuming != exists {
            throw resuming
                ? RowJournalError<Subject>.nothingToResume(folder: folder)
                : .unfinished(folder: folder)
        }
        if exists {
            try readState(images: images)
        } else {
            try makeFolder(folder)
        }
        // Discards an incomplete batch after an interruption.
        files =
            try columns.map { try open(path($0), keeping: rows * $0.width * 4) }
            + integers.map { try open(path(integers: $0), keeping: rows * 4) }
        if !exists { try writeState() }
    }

    private func open(_ path: String, keeping byteCount: Int) throws -> AppendingFile {
        do throws(FileError) {
            return try AppendingFile(path: path, keeping: byteCount)
        } catch {
            guard case .endedEarly = error.cause else { throw error }
            throw RowJournalError<Subject>.damaged(path: path)
        }
    }

    /// Adds the rows of a batch, which are stored once this returns.
    ///
    /// - Parameters:
    ///   - floats: the rows of each column of floats, `[B, width]`.
    ///   - integers: the values of each column of integers, B each.
    ///   - taken: the number of images processed so far.
    /// - Throws: `FileError` if the system fails to write.
    package func add(_ floats: [[Float]], integers: [[Int]], taken: Int) throws {
        for (file, values) in zip(files, floats) { try file.append(values) }
        for (file, numbers) in zip(files.dropFirst(columns.count), integers) {
            try file.append(numbers.map { Int32($0) })
        }
        rows += integers.first?.count ?? 0
        self.taken = taken
        try writeState()
    }

    /// Reads rows of a column of floats.
    ///
    /// - Parameters:
    ///   - column: the index of the column.
    ///   - range: the rows, within those stored.
    /// - Returns: `[range.count, width]`.
    /// - Throws: ``RowJournalError/damaged(path:)`` or `FileError`.
    package func floats(_ column: Int, rows range: Range<Int>) throws -> [Float] {
        let column = columns[column]
        return try read(
            path(column), offset: range.lowerBound * column.width * 4,
            count: range.count * column.width)
    }

    /// Reads a column of integers.
    ///
    /// - Parameter column: the index of the column.
    /// - Returns: one number per row.
    /// - Throws: ``RowJournalError/damaged(path:)`` or `FileError`.
    package func integers(_ column: Int) throws -> [Int] {
        let numbers: [Int32] = try read(path(integers: integers[column]), offset: 0, count: rows)
        return numbers.map { Int($0) }
    }

    /// Maps a column of floats into memory.
    ///
    /// - Parameter column: the index of the column.
    /// - Returns: the rows stored so far, or nil if there are none.
    /// - Throws: ``RowJournalError/damaged(path:)`` or `FileError`.
    package func table(_ column: Int) throws -> MappedRows? {
        guard rows > 0 else { return nil }
        let path = path(columns[column])
        let table = MappedRows(file: try MappedFile(path: path), width: columns[column].width)
        guard table.file.byteCount >= rows * table.width * 4 else {
            throw RowJournalError<Subject>.damaged(path: path)
        }
        return table
    }

    /// Removes the folder.
    package func remove() {
        for path in columns.map(path) + integers.map(path(integers:)) + [statePath] {
            unlink(path)
        }
        rmdir(folder)
    }

    private func read<Element: BitwiseCopyable>(
        _ path: String, offset: Int, count: Int
    ) throws -> [Element] {
        guard count > 0 else { return [] }
        let file = try MappedFile(path: path)
        let size = MemoryLayout<Element>.stride
        guard file.byteCount >= offset + count * size else {
            throw RowJournalError<Subject>.damaged(path: path)
        }
        return try file.withBytes(in: offset..<offset + count * size) { bytes in
            [Element](unsafeUninitializedCapacity: count) { room, initialized in
                UnsafeMutableRawBufferPointer(room).copyMemory(from: bytes)
                initialized = count
            }
        }
    }
}

/// Rows of float32 numbers in a file that is mapped into memory.
package struct MappedRows: Sendable {
    fileprivate let file: MappedFile
    /// The numbers of a row.
    package let width: Int

    /// Copies rows.
    ///
    /// - Parameter rows: their indices in the file.
    /// - Returns: `[rows.count, width]`.
    /// - Throws: `FileError` if the file was truncated.
    package func rows(_ rows: [Int]) throws -> [Float] {
        var values: [Float] = []
        values.reserveCapacity(rows.count * width)
        for row in rows {
            let start = row * width * 4
            try file.withBytes(in: start..<start + width * 4) { bytes in
                values += bytes.bindMemory(to: Float.self)
            }
        }
        return values
    }
}

/// A journal that cannot be started, resumed or read.
package enum RowJournalError<Subject: Codable & Equatable>: Error {
    /// The journal of an interrupted run would be overwritten.
    case unfinished(folder: String)
    /// There is no journal to resume.
    case nothingToResume(folder: String)
    /// The journal was computed from something else.
    case anotherSubject(folder: String, kept: Subject)
    /// A file is incomplete.
    case damaged(path: String)
}

extension RowJournalError: Sendable where Subject: Sendable {}

// The state file.
extension RowJournal {
    private struct State: Codable {
        let subject: Subject
        let images: Int
        let taken: Int
    }

    private func writeState() throws {
        let state = State(subject: subject, images: rows, taken: taken)
        try replaceFile(statePath, with: [UInt8](JSONEncoder().encode(state)))
    }

    private func readState(images: Int) throws {
        let bytes = try readFile(statePath, limit: 1 << 20)
        guard let state = try? JSONDecoder().decode(State.self, from: Data(bytes)) else {
            throw RowJournalError<Subject>.damaged(path: statePath)
        }
        guard state.subject == subject else {
            throw RowJournalError.anotherSubject(folder: folder, kept: state.subject)
        }
        guard state.images >= 0, state.images <= state.taken, state.taken <= images else {
            throw RowJournalError<Subject>.damaged(path: statePath)
        }
        rows = state.images
        taken = state.taken
    }
}

import DVTCore
import DVTSupport

extension ClassLabels {
    /// The most bytes a file of names may have.
    public static let byteLimit = 16 << 20

    /// Reads the names in a file.
    ///
    /// It holds one name a line, in UTF-8, with LF or CRLF; or JSON, told by its first character:
    /// an array of names, or an object from index to name, `{"0": "tench"}`. In the object a name
    /// may be an array, of which the last element counts, `{"0": ["n01440764", "tench"]}`; and an
    /// object that has such an object as `id2label`, as Hugging Face's `config.json`, stands for
    /// that one. White space around a name is dropped.
    ///
    /// - Parameter path: the file.
    /// - Throws: ``LabelError`` if it is not a readable, regular file of names.
    public init(path: String) throws(LabelError) {
        try self.init(try Self.read(path: path), name: path)
    }

    /// Reads the names in the bytes of a file.
    ///
    /// - Parameters:
    ///   - bytes: the whole file.
    ///   - name: what messages call it.
    /// - Throws: ``LabelError`` if they are not names.
    init(_ bytes: [UInt8], name: String) throws(LabelError) {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let text = bytes.starts(with: mark) ? bytes.dropFirst(mark.count) : bytes[...]
        let first = text.first { !isSpace($0) }
        let names: [String]
        if first == UInt8(ascii: "[") || first == UInt8(ascii: "{") {
            names = try LabelJSON.names(in: Array(text), name: name)
        } else {
            names = try Self.names(inLinesOf: text, name: name)
        }
        guard !names.isEmpty else { throw .empty(path: name) }
        self.init(names)
    }

    private static func names(
        inLinesOf text: ArraySlice<UInt8>, name: String
    ) throws(LabelError) -> [String] {
        var names: [String] = []
        var firstEmptyLine: Int?
        let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (number, line) in zip(1..., lines) {
            let content = trimmed(line)
            guard let label = String(validating: content, as: UTF8.self) else {
                throw .notUTF8(path: name, line: number)
            }
            if label.isEmpty {
                firstEmptyLine = firstEmptyLine ?? number
            } else if let firstEmptyLine {
                throw .emptyLine(path: name, line: firstEmptyLine)
            } else {
                names.append(label)
            }
        }
        return names
    }

    private static func read(path: String) throws(LabelError) -> [UInt8] {
        do throws(FileError) {
            return try readFile(path, limit: byteLimit)
        } catch {
            throw LabelError(error)
        }
    }
}

extension LabelError {
    /// The error of a file of class names that cannot be read.
    init(_ error: FileError) {
        switch error.cause {
        case .system where error.operation == .open:
            self = .cannotOpen(path: error.path, reason: error.reason)
        case .system, .endedEarly:
            self = .cannotRead(path: error.path, reason: error.reason)
        case .notRegularFile:
            self = .notRegularFile(path: error.path)
        case .tooLarge(let byteCount, let limit):
            self = .fileTooLarge(path: error.path, byteCount: byteCount, limit: limit)
        }
    }
}

private func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    guard let last = line.lastIndex(where: { !isSpace($0) }) else { return [] }
    return line[...last].drop(while: isSpace)
}

private func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || (0x09...0x0D).contains(byte)
}

import DVTCore
import DVTSupport

extension ClassLabels {
    /// The size limit of a file of class names, in bytes.
    public static let byteLimit = 16 << 20

    /// Reads a file of class names.
    ///
    /// The file holds one name per line, in UTF-8, with LF or CRLF; or JSON, recognized by its
    /// first character: an array of names, or an object from index to name, `{"0": "tench"}`. If
    /// the object maps to arrays, `{"0": ["n01440764", "tench"]}`, their last elements are used. An
    /// object that contains such an object as `id2label`, as Hugging Face's `config.json`, is
    /// accepted too. White space around names is removed.
    ///
    /// - Parameter path: the file.
    /// - Throws: ``LabelError`` if it is not a readable, regular file of class names.
    public init(path: String) throws(LabelError) {
        try self.init(try Self.read(path: path), name: path)
    }

    /// Reads class names from the bytes of a file.
    ///
    /// - Parameters:
    ///   - bytes: the complete file.
    ///   - name: the file's name in messages.
    /// - Throws: ``LabelError`` if they are not class names.
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

private func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    guard let last = line.lastIndex(where: { !isSpace($0) }) else { return [] }
    return line[...last].drop(while: isSpace)
}

private func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || (0x09...0x0D).contains(byte)
}

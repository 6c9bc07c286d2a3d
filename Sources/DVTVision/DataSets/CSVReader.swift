import DVTCore

/// A streaming reader of separated values as in RFC 4180, or of lines `path number`.
///
/// Lines end in LF or CRLF; a quoted field may hold separators, line ends and doubled quotes. Empty
/// lines, a byte order mark, and blanks around fields are skipped.
struct CSVReader {
    /// What separates the fields of a record.
    enum Separator: UInt8, CaseIterable {
        case comma = 0x2C
        case tab = 0x09
        case semicolon = 0x3B
        /// The last blanks of a line, as in Caffe's lists: two fields, without quotes.
        case lastBlanks = 0x20
    }

    /// A malformed line, counted from 1.
    struct Malformed: Error {
        let line: Int
        let reason: String
    }

    /// A record and its first line, counted from 1.
    struct Record {
        let line: Int
        let fields: [String]
    }

    private static let quote = UInt8(ascii: "\"")
    private static let (lineFeed, carriageReturn) = (UInt8(ascii: "\n"), UInt8(ascii: "\r"))

    private let bytes: [UInt8]
    private let separator: Separator
    private var offset: Int
    private var line = 1

    init(_ bytes: [UInt8], separator: Separator = .comma) {
        self.bytes = bytes
        self.separator = separator
        offset = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    }

    /// Reads the next record.
    ///
    /// - Returns: the record, or nil at the end.
    /// - Throws: ``Malformed`` if quotes are misplaced or the text is not UTF-8.
    mutating func next() throws(Malformed) -> Record? {
        while skipLineEnd() {}
        guard offset < bytes.count else { return nil }
        let start = line
        guard separator != .lastBlanks else { return try lineOfBlanks() }
        var fields: [String] = []
        while true {
            skipBlanks()
            let field = bytes[offset...].first == Self.quote ? try quotedField() : plainField()
            fields.append(try text(field))
            if offset == bytes.count || skipLineEnd() {
                return Record(line: start, fields: fields)
            }
            guard bytes[offset] == separator.rawValue else {
                throw Malformed(
                    line: line, reason: "has a quote within a field; put the whole field in quotes")
            }
            offset += 1
        }
    }

    /// The first records, at most a number of them, or nil if one is malformed.
    func sample(_ count: Int) -> [Record]? {
        var reader = self
        var records: [Record] = []
        do throws(Malformed) {
            while records.count < count, let record = try reader.next() { records.append(record) }
            return records
        } catch {
            return nil
        }
    }

    private func text(_ field: ArraySlice<UInt8>) throws(Malformed) -> String {
        guard let text = String(validating: field, as: UTF8.self) else {
            throw Malformed(line: line, reason: "is not UTF-8; save the file as UTF-8")
        }
        return text
    }

    /// A line up to its last blanks and the rest.
    private mutating func lineOfBlanks() throws(Malformed) -> Record {
        let start = offset
        while offset < bytes.count, bytes[offset] != Self.lineFeed, !isAtCarriageReturnAndLineFeed {
            offset += 1
        }
        let content = trimmed(bytes[start..<offset])
        let fields = content.lastIndex(where: isBlank).map {
            [trimmed(content[..<$0]), content[($0 + 1)...]]
        }
        let record = Record(line: line, fields: try (fields ?? [content]).map(text))
        _ = skipLineEnd()
        return record
    }

    /// Skips blanks, except those that separate fields.
    private mutating func skipBlanks() {
        while offset < bytes.count, isBlank(bytes[offset]), bytes[offset] != separator.rawValue {
            offset += 1
        }
    }

    private mutating func skipLineEnd() -> Bool {
        let rest = bytes[offset...].prefix(2)
        guard rest.first == Self.lineFeed || Array(rest) == [Self.carriageReturn, Self.lineFeed]
        else { return false }
        offset += rest.first == Self.lineFeed ? 1 : 2
        line += 1
        return true
    }

    private mutating func plainField() -> ArraySlice<UInt8> {
        let start = offset
        while offset < bytes.count, bytes[offset] != separator.rawValue,
            bytes[offset] != Self.quote, bytes[offset] != Self.lineFeed,
            !isAtCarriageReturnAndLineFeed
        {
            offset += 1
        }
        return trimmed(bytes[start..<offset])
    }

    private var isAtCarriageReturnAndLineFeed: Bool {
        bytes[offset] == Self.carriageReturn && offset + 1 < bytes.count
            && bytes[offset + 1] == Self.lineFeed
    }

    private mutating func quotedField() throws(Malformed) -> ArraySlice<UInt8> {
        let start = line
        var content: [UInt8] = []
        offset += 1
        while offset < bytes.count {
            let byte = bytes[offset]
            offset += 1
            if byte == Self.quote {
                guard offset < bytes.count, bytes[offset] == Self.quote else {
                    skipBlanks()
                    return content[...]
                }
                offset += 1
            } else if byte == Self.lineFeed {
                line += 1
            }
            content.append(byte)
        }
        throw Malformed(line: start, reason: "opens a quote that is never closed")
    }
}

private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

private func trimmed(_ field: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    guard let last = field.lastIndex(where: { !isBlank($0) }) else { return [] }
    return field[...last].drop(while: isBlank)
}

import DVTCore

/// A streaming reader of comma-separated values as in RFC 4180.
///
/// Lines end in LF or CRLF; a quoted field may hold commas, line ends and doubled quotes. Empty
/// lines and a byte order mark are skipped.
struct CSVReader {
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

    private static let (comma, quote) = (UInt8(ascii: ","), UInt8(ascii: "\""))
    private static let (lineFeed, carriageReturn) = (UInt8(ascii: "\n"), UInt8(ascii: "\r"))

    private let bytes: [UInt8]
    private var offset: Int
    private var line = 1

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
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
        var fields: [String] = []
        while true {
            let field = bytes[offset...].first == Self.quote ? try quotedField() : plainField()
            guard let text = String(validating: field, as: UTF8.self) else {
                throw Malformed(line: line, reason: "is not UTF-8; save the file as UTF-8")
            }
            fields.append(text)
            if offset == bytes.count || skipLineEnd() {
                return Record(line: start, fields: fields)
            }
            guard bytes[offset] == Self.comma else {
                throw Malformed(
                    line: line, reason: "has a quote within a field; put the whole field in quotes")
            }
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
        while offset < bytes.count, bytes[offset] != Self.comma, bytes[offset] != Self.quote,
            bytes[offset] != Self.lineFeed, !isAtCarriageReturnAndLineFeed
        {
            offset += 1
        }
        return bytes[start..<offset]
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
                guard offset < bytes.count, bytes[offset] == Self.quote else { return content[...] }
                offset += 1
            } else if byte == Self.lineFeed {
                line += 1
            }
            content.append(byte)
        }
        throw Malformed(line: start, reason: "opens a quote that is never closed")
    }
}

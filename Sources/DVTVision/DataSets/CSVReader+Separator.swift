extension CSVReader {
    /// The number of records that determine the separator and the columns.
    static let sampleCount = 20

    /// Creates a reader with the separator that the first records show.
    ///
    /// - Parameter bytes: the file.
    /// - Throws: ``Malformed`` if several separators are possible.
    init(recognizing bytes: [UInt8]) throws(Malformed) {
        let readers = [Separator.comma, .tab, .semicolon].map { CSVReader(bytes, separator: $0) }
        let regular = readers.filter { Self.isRegular($0.sample(Self.sampleCount)) }
        if regular.count <= 1 {
            let blanks = CSVReader(bytes, separator: .lastBlanks)
            self = regular.first ?? (blanks.isOfNumbers ? blanks : readers[0])
            return
        }
        let withFiles = regular.filter { Self.holdsFiles($0.sample(Self.sampleCount) ?? []) }
        guard withFiles.count == 1 else {
            throw Malformed(
                line: 1,
                reason: """
                    can be separated by commas, tabs or semicolons; put fields in quotes that \
                    hold one of them
                    """)
        }
        self = withFiles[0]
    }

    /// Whether all records have the same number of fields, at least two.
    private static func isRegular(_ records: [Record]?) -> Bool {
        guard let records, let count = records.first?.fields.count, count >= 2 else { return false }
        return records.allSatisfy { $0.fields.count == count }
    }

    /// Whether the last record holds the name of a file.
    private static func holdsFiles(_ records: [Record]) -> Bool {
        records.last?.fields.contains(where: CSVColumns.looksLikeFile) == true
    }

    /// Whether all lines, except possibly the first, end in a number after blanks.
    private var isOfNumbers: Bool {
        guard let records = sample(Self.sampleCount), let last = records.last else { return false }
        return records.count(where: Self.endsInNumber) >= max(1, records.count - 1)
            && Self.endsInNumber(last)
    }

    private static func endsInNumber(_ record: Record) -> Bool {
        record.fields.count == 2 && CSVLabel(record.fields[1]).isNumber
    }
}

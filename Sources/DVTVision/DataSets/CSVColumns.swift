import DVTSupport

/// The columns of a list of images that hold the path and the label.
struct CSVColumns {
    let path: Int
    let label: Int
    /// The number of fields of every record.
    let count: Int
    /// Whether the first record is a header.
    let hasHeader: Bool

    /// Titles of paths, the clearest first, in lower case without blanks, `_` and `-`.
    private static let pathTitles = [
        "path", "filepath", "imagepath", "imgpath", "file", "filename", "imagefile",
        "imagefilename", "imagename", "imgname", "fname", "image", "img", "imageid", "imgid", "id",
        "name",
    ]
    /// Titles of labels, likewise.
    private static let labelTitles = [
        "label", "labels", "class", "classes", "target", "targets", "category", "labelid",
        "classid", "targetid", "categoryid", "classname", "labelname", "categoryname",
        "predictionstring",
    ]

    /// Finds the columns by the titles of a header or by the contents of the first records.
    ///
    /// - Parameters:
    ///   - sample: the first records, at least one.
    ///   - exists: whether there is an image file for a path of the list.
    /// - Throws: ``CSVReader/Malformed`` if the columns, or whether there is a header, are in doubt.
    init(
        _ sample: [CSVReader.Record], exists: (String) -> Bool
    ) throws(CSVReader.Malformed) {
        let first = sample[0].fields
        count = first.count
        guard count >= 2 else {
            let hint =
                sample.allSatisfy { $0.fields.count == 1 && CSVLabel($0.fields[0]).isNumber }
                ? """
                ; for the classes of ImageNet's validation images give their folder, and this \
                file with --ground-truth
                """ : ""
            throw CSVReader.Malformed(
                line: sample[0].line, reason: "has 1 field; a path and a label are needed" + hint)
        }
        let found =
            first.contains(where: Self.looksLikeFile)
            ? Self.untitled(sample, exists) : Self.titled(sample) ?? Self.plain(sample, exists)
        guard let found else { throw Self.doubt(sample) }
        (path, label, hasHeader) = found
    }

    private typealias Found = (path: Int, label: Int, hasHeader: Bool)

    /// The columns of a list whose first record is an image.
    private static func untitled(
        _ sample: [CSVReader.Record], _ exists: (String) -> Bool
    ) -> Found? {
        let files = fileColumns(sample[...])
        guard sample[0].fields.count == 2, files.count < 2 else { return nil }
        let path = files == [1] ? 1 : 0
        // The title `image.path` looks like a file too.
        let first = sample[0].fields[path]
        guard ImageFiles.hasImageEnding(first) || exists(first) else { return nil }
        return (path, 1 - path, false)
    }

    /// The columns that a header names, or that the records below it show.
    private static func titled(_ sample: [CSVReader.Record]) -> Found? {
        let titles = sample[0].fields.map { title in
            title.lowercased().filter { !" _-".contains($0) }
        }
        let named = pathTitles.lazy.compactMap { titles.firstIndex(of: $0) }.first
        let files = fileColumns(sample.dropFirst())
        guard let path = files.count == 1 ? files[0] : named else { return nil }
        let label = labelTitles.lazy.compactMap { titles.firstIndex(of: $0) }.first
        guard let label = label ?? (titles.count == 2 ? 1 - path : nil), label != path,
            !CSVLabel(titles[label]).isNumber
        else { return nil }
        return (path, label, true)
    }

    /// The columns of paths without extensions under unknown titles, or without a header.
    private static func plain(
        _ sample: [CSVReader.Record], _ exists: (String) -> Bool
    ) -> Found? {
        guard sample.allSatisfy({ $0.fields.count == 2 }) else { return nil }
        let areNumbers = sample.allSatisfy { CSVLabel($0.fields[1]).isNumber }
        return areNumbers || exists(sample[0].fields[0]) ? (0, 1, false) : nil
    }

    /// The columns in which all fields look like file names.
    private static func fileColumns(_ records: ArraySlice<CSVReader.Record>) -> [Int] {
        guard let first = records.first else { return [] }
        return first.fields.indices.filter { column in
            records.allSatisfy {
                $0.fields.indices.contains(column) && looksLikeFile($0.fields[column])
            }
        }
    }

    /// Whether a field ends in an extension that begins with a letter.
    static func looksLikeFile(_ field: String) -> Bool {
        guard let point = field.lastIndex(of: "."), point != field.startIndex else { return false }
        let suffix = field[field.index(after: point)...].utf8
        guard let first = suffix.first, (2...5).contains(suffix.count) else { return false }
        return isLetter(first) && suffix.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }

    private static func doubt(_ sample: [CSVReader.Record]) -> CSVReader.Malformed {
        let lines = sample.prefix(3).map { record in
            record.fields.prefix(8).map { quoted($0, limit: 40) }.joined(separator: " | ")
        }
        return CSVReader.Malformed(
            line: sample[0].line,
            reason: """
                does not show which columns are path and label, or whether it is a header; begin \
                with a header that names them, such as path,label; the first lines as read: \
                \(lines.joined(separator: ", then "))
                """)
    }
}

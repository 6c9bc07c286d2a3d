import DVTSupport

/// Collects the records of a list of images.
struct CSVTable {
    /// The paths of the images, resolved against the folder of the file.
    private(set) var paths: [String] = []
    private let path: String
    private let location: ListedFiles
    private let columns: CSVColumns
    private var texts: [(line: Int, label: String)] = []

    /// Creates an empty table.
    ///
    /// - Parameters:
    ///   - path: the path of the list.
    ///   - sample: its first records, at least one.
    /// - Throws: ``CSVReader/Malformed`` if they do not determine the columns.
    init(path: String, sample: [CSVReader.Record]) throws(CSVReader.Malformed) {
        let folder = path.lastIndex(of: "/").map { path[...$0] } ?? ""
        columns = try CSVColumns(sample) { ListedFiles(in: folder, first: $0).exists }
        let first = sample.dropFirst(columns.hasHeader ? 1 : 0).first?.fields ?? []
        let name = first.indices.contains(columns.path) ? first[columns.path] : ""
        location = ListedFiles(in: folder, first: name)
        self.path = path
    }

    /// Whether the first record is a header, which must not be added.
    var hasHeader: Bool { columns.hasHeader }

    mutating func add(_ record: CSVReader.Record) throws(CSVReader.Malformed) {
        let count = record.fields.count
        guard count == columns.count else {
            throw CSVReader.Malformed(
                line: record.line,
                reason: "has \(count) field\(count == 1 ? "" : "s"), the first \(columns.count)")
        }
        let (name, label) = (record.fields[columns.path], record.fields[columns.label])
        guard !name.isEmpty, !label.isEmpty, !name.utf8.contains(0) else {
            throw CSVReader.Malformed(
                line: record.line, reason: "has no path or no label; give both")
        }
        paths.append(location.path(of: name))
        texts.append((record.line, label))
    }

    /// The class indices, and the class names if known.
    func labels(classes: ModelClasses) throws(DataSetError) -> ([Int32], ClassLabels?) {
        // The first line determines whether labels are numbers; a different kind later is an error.
        guard !CSVLabel(texts[0].label).isNumber else {
            return (try numbers(below: classes.count ?? 1 << 24), classes.labels)
        }
        let names = classes.labels ?? ClassLabels(distinctNames)
        let indices = ClassNumbers(names)
        let isOwn = classes.labels == nil
        let rule = isOwn ? "a name, as in the first line" : "the name of a class"
        let numbers = try labels(rule) { isOwn && $0.isNumber ? nil : indices[$0.name] }
        return (numbers, names)
    }

    private var distinctNames: [String] {
        Set(texts.map { CSVLabel($0.label).name })
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private func numbers(below limit: Int) throws(DataSetError) -> [Int32] {
        try labels("a number below \(limit), as in the first line") { label in
            label.number.flatMap { (0..<limit).contains($0) ? $0 : nil }
        }
    }

    private func labels(
        _ rule: String, _ number: (CSVLabel) -> Int?
    ) throws(DataSetError) -> [Int32] {
        var labels: [Int32] = []
        for (line, text) in texts {
            guard let label = number(CSVLabel(text)) else {
                throw .invalidLine(
                    path: path, line: line, reason: "has the label \(quoted(text)); give \(rule)")
            }
            labels.append(Int32(label))
        }
        return labels
    }
}

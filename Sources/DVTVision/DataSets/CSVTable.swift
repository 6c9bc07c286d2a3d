import DVTSupport

/// Collects the records of a CSV file.
struct CSVTable {
    /// The paths of the images, resolved against the folder of the file.
    private(set) var paths: [String] = []
    private let path: String
    private let folder: Substring
    private var columns: (path: Int, label: Int)?
    private var texts: [(line: Int, label: String)] = []

    private static let pathTitles: Set<String> = ["path", "file", "filename", "image"]
    private static let labelTitles: Set<String> = ["label", "class"]

    init(path: String) {
        self.path = path
        folder = path.lastIndex(of: "/").map { path[...$0] } ?? ""
    }

    mutating func add(_ record: CSVReader.Record) throws(CSVReader.Malformed) {
        let isFirst = columns == nil
        let columns = columns ?? Self.titled(record.fields) ?? (path: 0, label: 1)
        self.columns = columns
        if isFirst, Self.titled(record.fields) != nil { return }
        guard record.fields.indices.contains(max(columns.path, columns.label)) else {
            throw CSVReader.Malformed(
                line: record.line,
                reason: "has \(record.fields.count) fields; a path and a label are needed")
        }
        let (name, label) = (record.fields[columns.path], record.fields[columns.label])
        guard !name.isEmpty, !label.isEmpty, !name.utf8.contains(0) else {
            throw CSVReader.Malformed(
                line: record.line, reason: "has no path or no label; give both")
        }
        paths.append(name.hasPrefix("/") ? name : folder + name)
        texts.append((record.line, label))
    }

    private static func titled(_ fields: [String]) -> (path: Int, label: Int)? {
        let titles = fields.map { $0.lowercased() }
        guard let path = titles.firstIndex(where: pathTitles.contains),
            let label = titles.firstIndex(where: labelTitles.contains)
        else { return nil }
        return (path, label)
    }

    /// The class indices, and the class names if known.
    func labels(classes: ClassLabels?) throws(DataSetError) -> ([Int32], ClassLabels?) {
        // The first line determines whether labels are numbers; a different kind later is an error.
        guard Int(texts[0].label) == nil else {
            return (try numbers(below: classes?.names.count ?? 1 << 24), classes)
        }
        let names = classes ?? ClassLabels(distinctNames)
        let indices = ClassNumbers(names)
        let rule = classes == nil ? "a name, as in the first line" : "the name of a class"
        let numbers = try labels(rule) { classes == nil && Int($0) != nil ? nil : indices[$0] }
        return (numbers, names)
    }

    private var distinctNames: [String] {
        Set(texts.map(\.label)).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private func numbers(below limit: Int) throws(DataSetError) -> [Int32] {
        try labels("a number below \(limit), as in the first line") { text in
            Int(text).flatMap { (0..<limit).contains($0) ? $0 : nil }
        }
    }

    private func labels(
        _ rule: String, _ number: (String) -> Int?
    ) throws(DataSetError) -> [Int32] {
        var labels: [Int32] = []
        for (line, text) in texts {
            guard let label = number(text) else {
                throw .invalidLine(
                    path: path, line: line, reason: "has the label \(quoted(text)); give \(rule)")
            }
            labels.append(Int32(label))
        }
        return labels
    }
}

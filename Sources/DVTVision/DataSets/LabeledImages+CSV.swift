import DVTCore
import DVTSupport

extension LabeledImages {
    /// The most bytes a CSV file may have: a line each for some millions of images.
    static let csvByteLimit = 1 << 28

    /// Reads a CSV file of images and their classes.
    ///
    /// A line is `path,label`, quoted as RFC 4180 says; relative paths are found from the file's
    /// folder. A first line of names may choose the columns: `path`, `file`, `filename` or `image`,
    /// and `label` or `class`. Labels are all numbers from 0, or all names: of `classes`, or else
    /// of the classes that the file's own names make, sorted by bytes. Whether the images are
    /// there shows when they are read.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - classes: the names of the classes, or nil.
    /// - Returns: the set, in the order of the lines.
    /// - Throws: ``DataSetError`` if the file cannot be read or a line names no image and class.
    public static func csv(
        path: String, classes: ClassLabels? = nil
    ) throws(DataSetError) -> LabeledImages {
        var reader = CSVReader(try read(path))
        var table = CSVTable(path: path)
        do throws(CSVReader.Malformed) {
            while let record = try reader.next() {
                try table.add(record)
            }
        } catch {
            throw .invalidLine(path: path, line: error.line, reason: error.reason)
        }
        guard !table.paths.isEmpty else {
            throw .empty(path: path, reason: "give a line path,label for each image")
        }
        let (labels, names) = try table.labels(classes: classes)
        return LabeledImages(
            origin: path, classes: names, labels: labels, storage: .files(table.paths))
    }

    private static func read(_ path: String) throws(DataSetError) -> [UInt8] {
        do throws(FileError) {
            return try readFile(path, limit: csvByteLimit)
        } catch {
            guard case .tooLarge = error.cause else {
                throw .unreadable(path: path, reason: error.reason)
            }
            throw .damaged(path: path, reason: "\(error.reason); give several files")
        }
    }
}

/// The lines of a CSV file as they come.
private struct CSVTable {
    /// The images' paths, found from the file's folder.
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

    /// The classes' numbers, and their names where there are any.
    func labels(classes: ClassLabels?) throws(DataSetError) -> ([Int32], ClassLabels?) {
        // The first line says whether labels are numbers; another kind later is a slip.
        guard Int(texts[0].label) == nil else {
            return (try numbers(below: classes?.names.count ?? 1 << 24), classes)
        }
        let names = classes ?? ClassLabels(distinctNames)
        let indices = ClassNumbers(names)
        let rule = classes == nil ? "a name, as the first line has" : "the name of a class"
        let numbers = try labels(rule) { classes == nil && Int($0) != nil ? nil : indices[$0] }
        return (numbers, names)
    }

    private var distinctNames: [String] {
        Set(texts.map(\.label)).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private func numbers(below limit: Int) throws(DataSetError) -> [Int32] {
        try labels("a number below \(limit), as the first line has") { text in
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

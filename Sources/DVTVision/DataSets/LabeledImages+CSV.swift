import DVTSupport

extension LabeledImages {
    /// The largest accepted CSV file in bytes, enough for millions of images.
    static let csvByteLimit = 1 << 28

    /// Reads a CSV file of images and their classes.
    ///
    /// Each line is `path,label`, quoted as in RFC 4180; paths are relative to the folder of the
    /// file. An optional header selects the columns: `path`, `file`, `filename` or `image`, and
    /// `label` or `class`. Labels are either all numbers from 0 or all names: those of `classes`,
    /// or without `classes` the distinct names in the file, sorted by bytes. Images are not opened.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - classes: what is known of the model's classes.
    /// - Returns: the set, in the order of the lines.
    /// - Throws: ``DataSetError`` if the file cannot be read or a line does not name an image and
    ///   its class.
    public static func csv(
        path: String, classes: ModelClasses = ModelClasses()
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
        let (labels, names) = try table.labels(classes: classes.labels)
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

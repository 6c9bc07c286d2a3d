import DVTSupport

extension LabeledImages {
    /// The largest accepted CSV file in bytes, enough for millions of images.
    static let csvByteLimit = 1 << 28

    /// Reads a list of images and their classes.
    ///
    /// Each line is `path,label`, quoted as in RFC 4180 and separated by commas, tabs or
    /// semicolons; or, as in Caffe's lists, a path, blanks and a number. Paths are relative to the
    /// folder of the file; an extension that all paths omit is added if the first image has it. A
    /// header names the columns of path and label; without one there are two. Labels are either all
    /// numbers from 0 or all names: those of `classes`, or without them the distinct names in the
    /// file, sorted by bytes. Images are not opened.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - classes: what is known of the model's classes.
    /// - Returns: the set, in the order of the lines.
    /// - Throws: ``DataSetError`` if the file cannot be read, a line does not name an image and its
    ///   class, or it is in doubt which columns do.
    public static func csv(
        path: String, classes: ModelClasses = ModelClasses()
    ) throws(DataSetError) -> LabeledImages {
        let table = try table(path: path)
        guard let table, !table.paths.isEmpty else {
            throw .empty(path: path, reason: "give a line path,label for each image")
        }
        let (labels, names) = try table.labels(classes: classes)
        return LabeledImages(
            origin: path, classes: names, labels: labels, storage: .files(table.paths))
    }

    /// The records of a list, or nil if it is empty.
    private static func table(path: String) throws(DataSetError) -> CSVTable? {
        let bytes = try read(path)
        do throws(CSVReader.Malformed) {
            var reader = try CSVReader(recognizing: bytes)
            guard let first = try reader.next() else { return nil }
            let sample = [first] + (reader.sample(CSVReader.sampleCount) ?? [])
            var table = try CSVTable(path: path, sample: sample)
            if !table.hasHeader { try table.add(first) }
            while let record = try reader.next() { try table.add(record) }
            return table
        } catch {
            throw .invalidLine(path: path, line: error.line, reason: error.reason)
        }
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

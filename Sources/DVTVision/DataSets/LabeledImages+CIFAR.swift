extension LabeledImages {
    /// Opens CIFAR-10 or CIFAR-100 in its binary version.
    ///
    /// A folder holds `data_batch_1.bin` ... and `test_batch.bin`, or `train.bin` and `test.bin`.
    /// CIFAR-100 uses its fine labels.
    ///
    /// - Parameters:
    ///   - path: one of these files, or their folder.
    ///   - split: `train` or `test`; nil for a single file, or a folder with one part.
    /// - Returns: the set, in the order of file names and records.
    /// - Throws: ``DataSetError`` if there is no such file or a file is damaged.
    public static func cifar(path: String, split: String? = nil) throws -> LabeledImages {
        let archives = try CIFARArchives(path: path)
        let files = try archives.files(split: split).map {
            try CIFARFile(path: $0, layout: archives.layout)
        }
        var start = 0
        let placed = files.map { file in
            defer { start += file.labels.count }
            return (file: file, start: start)
        }
        return LabeledImages(
            origin: path, classes: archives.layout.classes,
            labels: files.flatMap { $0.labels.map(Int32.init) }, storage: .archives(placed))
    }
}

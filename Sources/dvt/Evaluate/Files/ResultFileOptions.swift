import ArgumentParser
import DVTOutput

/// The optional files with the details of an evaluation.
struct ResultFileOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Save class, prediction, exit and confidences of every image.",
            discussion: "The ending selects the format: \(RecordFile.endings).",
            valueName: "file"),
        completion: .file())
    var predictions: String?

    @Option(
        help: ArgumentHelp(
            "Save the confusion matrix, one record per pair of classes that occurs.",
            valueName: "file"),
        completion: .file())
    var confusions: String?

    @Option(
        help: ArgumentHelp("Save the accuracy and the exits of every class.", valueName: "file"),
        completion: .file())
    var perClass: String?

    private var given: [(option: String, path: String)] {
        [
            ("--predictions", predictions), ("--confusions", confusions),
            ("--per-class", perClass),
        ].compactMap { option, path in path.map { (option, $0) } }
    }

    func validate() throws {
        for (option, path) in given where RecordFile(path: path) == nil {
            throw ValidationError("\(option) is \(path); it must end in \(RecordFile.endings).")
        }
        for (index, file) in given.enumerated() {
            if let other = given[..<index].first(where: { $0.path == file.path }) {
                throw ValidationError("\(other.option) and \(file.option) name the same file.")
            }
        }
    }

    /// The files, after checking that they can be written and are no inputs.
    ///
    /// - Parameters:
    ///   - model: the model, whose files are inputs.
    ///   - data: the data set, which may be a file.
    /// - Returns: the files.
    /// - Throws: ``LoadError`` if one is an input, or `FileError` if it cannot be written.
    func files(besides model: LoadedModel, data: String) throws -> ResultFiles {
        for (_, path) in given {
            try model.checkIsNoInput(path, besides: [data])
            try RecordFile(path: path)?.checkIsWritable()
        }
        return ResultFiles(
            predictions: predictions.flatMap(RecordFile.init),
            confusions: confusions.flatMap(RecordFile.init),
            classes: perClass.flatMap(RecordFile.init))
    }
}

import ArgumentParser
import DVTModel
import DVTOutput
import DVTVision

/// The images of a command and their preprocessing.
struct ImageOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Images per batch.", valueName: "n"))
    var batchSize = 8

    @Option(
        help: ArgumentHelp(
            "Image preprocessing.",
            discussion: "default: as in the model card, with EXIF orientation applied.",
            valueName: "preset"))
    var preprocessing = PreprocessingPreset.default

    @Argument(
        help: "Image files, folders, or - for paths on standard input.",
        completion: .file())
    var paths: [String]

    func validate() throws {
        guard (1...4096).contains(batchSize) else {
            throw ValidationError("--batch-size is \(batchSize); it takes 1...4096.")
        }
    }

    /// Starts loading the images.
    ///
    /// - Parameters:
    ///   - card: the model card.
    ///   - label: the label of the progress output.
    /// - Returns: the stream of batches.
    /// - Throws: ``ModelError`` if the model takes no images.
    func stream(for card: ModelCard, label: String) throws -> ImageStream {
        let preprocessing = try self.preprocessing.preprocessing(of: card)
        let failures = FailureLog()
        let inputs = InputPaths(arguments: paths, failures: failures)
        let files = inputs.readsStandardInput ? nil : Array(inputs)
        let loader =
            files.map { ImageLoader(paths: $0, preprocessing: preprocessing) }
            ?? ImageLoader(paths: inputs, preprocessing: preprocessing)
        let progress = ProgressReporter(
            label: label, unit: "images", total: files?.count, isQuiet: false)
        failures.use(progress)
        return ImageStream(
            loader: loader, preprocessing: preprocessing, batchSize: batchSize,
            isInteractive: inputs.readsStandardInput, failures: failures, progress: progress)
    }
}

import ArgumentParser
import DVTModel
import DVTOutput
import DVTVision

/// The images of a command and their preprocessing.
struct ImageOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Images per batch.", valueName: "n"))
    var batchSize = 8

    @OptionGroup var preprocessingOptions: PreprocessingOptions

    @Option(
        help: ArgumentHelp(
            "Unreadable inputs: reported, also recorded, or the end of the run.",
            discussion: """
                All are reported on standard error. record: each input has a record, in order, with \
                its error. stop: the run ends at the first.
                """, valueName: "rule"))
    var onError = ErrorRule.skip

    @Argument(
        help: ArgumentHelp(
            "Image files, folders, or - for paths on standard input.",
            discussion: "Paths on standard input end in line feeds, or in NUL (find -print0)."),
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
    ///   - truncated: the command's own rule for files that end early.
    /// - Returns: the stream of batches.
    /// - Throws: ``ModelError`` if the model takes no images.
    func stream(
        for card: ModelCard, label: String, truncated: TruncationRule = .refuse
    ) throws -> ImageStream {
        let preprocessing = try preprocessingOptions.preprocessing(of: card, truncated: truncated)
        let (failures, skipped) = (FailureLog(), SkippedLog())
        let inputs = InputPaths(arguments: paths, skipped: skipped)
        let files = inputs.readsStandardInput ? nil : Array(inputs)
        let loader =
            files.map { ImageLoader(inputs: $0, preprocessing: preprocessing) }
            ?? ImageLoader(inputs: inputs, preprocessing: preprocessing)
        let progress = ProgressReporter(
            label: label, unit: "images", total: files?.count, isQuiet: false)
        failures.use(progress)
        return ImageStream(
            loader: loader, preprocessing: preprocessing, batchSize: batchSize,
            isInteractive: inputs.readsStandardInput, errorRule: onError, skipped: skipped,
            failures: failures, progress: progress)
    }
}

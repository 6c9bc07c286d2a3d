import ArgumentParser
import DVTModel
import DVTOutput
import DVTVision

/// Which images a command runs, and how they become the model's input.
struct ImageOptions: ParsableArguments {
    @Option(help: "The images that run together.")
    var batchSize = 8

    @Option(
        help: ArgumentHelp(
            "How an image becomes the model's input: default, authors or timm.",
            discussion: "Default: as the model's card says, EXIF orientation applied."))
    var preset = PreprocessingPreset.default

    @Argument(
        help: "Image files, folders of them, or - for paths on standard input.",
        completion: .file())
    var paths: [String]

    func validate() throws {
        guard (1...4096).contains(batchSize) else {
            throw ValidationError("--batch-size is \(batchSize); it takes 1...4096.")
        }
    }

    /// Starts to load the images.
    ///
    /// - Parameters:
    ///   - card: the card of the model that they are for.
    ///   - label: what the progress is of.
    /// - Returns: the images.
    /// - Throws: ``ModelError`` if the model takes no images.
    func stream(for card: ModelCard, label: String) throws -> ImageStream {
        let preprocessing = try preset.preprocessing(of: card)
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
            answersAtOnce: inputs.readsStandardInput, failures: failures, progress: progress)
    }
}

extension PreprocessingPreset: ExpressibleByArgument {
    /// The preprocessing for a model: the card's, or another crop without EXIF orientation, with
    /// the card's mean and deviation.
    func preprocessing(of card: ModelCard) throws -> Preprocessing {
        let usual = try Preprocessing(card)
        guard self != .default else { return usual }
        let other = preprocessing(imageSize: usual.imageSize)
        return Preprocessing(
            shorterSide: other.shorterSide, imageSize: usual.imageSize, filter: other.filter,
            mean: usual.mean, standardDeviation: usual.standardDeviation,
            applyingOrientation: other.applyingOrientation)
    }
}

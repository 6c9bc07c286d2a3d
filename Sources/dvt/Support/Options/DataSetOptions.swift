import ArgumentParser
import DVTEvaluation
import DVTModel
import DVTOutput
import DVTVision

/// Which part of a set of labeled images a command runs, and how they become the model's input.
struct DataSetOptions: ParsableArguments {
    @Option(help: "The part of the set: train, val, test; needed where there are several.")
    var split: String?

    @Option(
        help: ArgumentHelp(
            "Take one of every so many images alone.",
            discussion: "Those that dvt train --hold-out-every keeps aside.", valueName: "count"))
    var every: Int?

    @Option(help: "The images that run together.")
    var batchSize = 32

    @Option(
        help: ArgumentHelp(
            "How an image becomes the model's input: default, authors or timm.",
            discussion: "Default: as the model's card says, EXIF orientation applied."))
    var preset = PreprocessingPreset.default

    @Flag(help: "End with an error at the first image that cannot be read.")
    var strict = false

    func validate() throws {
        guard (1...4096).contains(batchSize) else {
            throw ValidationError("--batch-size is \(batchSize); it takes 1...4096.")
        }
        guard every.map({ $0 >= 2 }) ?? true else {
            throw ValidationError("--every takes at least 2.")
        }
    }

    /// Opens the set, and says what of it is left aside.
    ///
    /// - Parameters:
    ///   - data: a folder of class folders, a folder or file of CIFAR archives, or a CSV file.
    ///   - card: the card of the model that it is for.
    /// - Returns: the set, its classes numbered as the model's are.
    /// - Throws: ``DataSetError`` if there is none, ``EvaluationError`` if a class is none of the
    ///   model's, and with `--strict` the exit code where something is left aside.
    func open(_ data: String, for card: ModelCard) throws -> LabeledImages {
        let set = try LabeledImages.open(
            path: data, split: split, classes: ClassLabels.of(card))
        for problem in set.problems {
            printError("warning: \(problem)")
        }
        if strict, !set.problems.isEmpty { throw ExitCode.failure }
        let classes = card.configuration.classes
        if let image = set.first(where: { $0.label >= classes }) {
            throw EvaluationError.labelOutOfRange(
                name: image.name, label: image.label, classes: classes)
        }
        return every.map { set.only(every: $0) } ?? set
    }

    /// What the images of a set are called that were chosen.
    ///
    /// - Parameter set: the set.
    /// - Returns: where it was found, and the part of it.
    func name(of set: LabeledImages) -> String {
        let parts = [split, every.map { "one of every \($0)" }].compactMap { $0 }
        return set.origin + (parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))")
    }

    /// Starts to load images of the set, and says what is supposed of their classes.
    ///
    /// - Parameters:
    ///   - set: the set.
    ///   - first: the first image that is loaded.
    ///   - card: the card of the model that they are for.
    ///   - label: what the progress is of.
    /// - Returns: the images.
    /// - Throws: ``ModelError`` if the model takes no images.
    func stream(
        _ set: LabeledImages, from first: Int, for card: ModelCard, label: String
    ) throws -> ImageStream {
        let preprocessing = try preset.preprocessing(of: card)
        if let assumption = set.assumption { printError("note: \(assumption)") }
        let failures = FailureLog()
        let progress = ProgressReporter(
            label: label, unit: "images", total: set.count - first, isQuiet: false)
        failures.use(progress)
        return ImageStream(
            loader: ImageLoader(set.rest(from: first), preprocessing: preprocessing),
            preprocessing: preprocessing, batchSize: batchSize, answersAtOnce: false,
            failures: failures, progress: progress)
    }
}

import ArgumentParser
import DVTEvaluation
import DVTModel
import DVTOutput
import DVTVision

/// The part of a labeled data set to run, and its preprocessing.
struct DataSetOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The split: train, val or test; required if the data set has several.",
            valueName: "name"))
    var split: String?

    @OptionGroup var folderOptions: ClassFolderOptions

    @Option(
        help: ArgumentHelp(
            "The classes of ImageNet's validation images in one folder, from its development kit.",
            discussion: "ILSVRC2012_validation_ground_truth.txt; requires --synsets.",
            valueName: "file"),
        completion: .file(extensions: ["txt"]))
    var groundTruth: String?

    @Option(
        help: ArgumentHelp(
            "The synsets of the numbers in --ground-truth, one per line.",
            discussion:
                "n02119789 1, as in map_clsloc.txt, or the synsets alone in the kit's order.",
            valueName: "file"),
        completion: .file(extensions: ["txt"]))
    var synsets: String?

    @Option(
        help: ArgumentHelp(
            "Use only every nth image, those of `dvt train --hold-out-every n`.", valueName: "n"))
    var everyNth: Int?

    @Option(
        help: ArgumentHelp(
            "Use only part i, from 0, of n equal parts.",
            discussion: "By a hash of the names, so that parts have no image in common.",
            valueName: "i/n"))
    var shard: ShardArgument?

    @Option(help: ArgumentHelp("Images per batch.", valueName: "n"))
    var batchSize = 32

    @OptionGroup var preprocessingOptions: PreprocessingOptions

    @Flag(help: "Fail at the first unreadable image.")
    var strict = false

    func validate() throws {
        guard (1...4096).contains(batchSize) else {
            throw ValidationError("--batch-size is \(batchSize); it takes 1...4096.")
        }
        guard (groundTruth == nil) == (synsets == nil) else {
            throw ValidationError(
                groundTruth == nil
                    ? "--synsets requires --ground-truth."
                    : """
                    --ground-truth requires --synsets: its numbers are in the order of the \
                    development kit's meta.mat. Write the synsets from it: python3 -c "from \
                    scipy.io import loadmat; [print(s[1], s[0]) for s in loadmat('meta.mat', \
                    squeeze_me=True)['synsets'] if s[0] <= 1000]" > synsets.txt
                    """)
        }
        guard groundTruth == nil || split == nil else {
            throw ValidationError("--split and --ground-truth are mutually exclusive.")
        }
        guard everyNth.map({ $0 >= 2 }) ?? true else {
            throw ValidationError("--every-nth takes at least 2.")
        }
    }

    /// Opens the data set and reports skipped files.
    ///
    /// - Parameters:
    ///   - data: a folder of class folders, CIFAR archives, or a list of images.
    ///   - card: the model card.
    /// - Returns: the data set, with the model's class indices.
    /// - Throws: ``DataSetError`` if it cannot be opened, ``EvaluationError`` if a label is outside
    ///   the model's classes, or with `--strict` the exit code if files were skipped.
    func open(_ data: String, for card: ModelCard) throws -> LabeledImages {
        let set = try open(
            data,
            ModelClasses(
                ClassLabels.of(card), count: card.configuration.classes,
                numbering: folderOptions.classFolders))
        for problem in set.problems {
            printError("warning: \(problem)")
        }
        if strict, !set.problems.isEmpty { throw ExitCode.failure }
        let classes = card.configuration.classes
        if let image = set.first(where: { $0.label >= classes }) {
            throw EvaluationError.labelOutOfRange(
                name: image.name, label: image.label, classes: classes)
        }
        let chosen = everyNth.map { set.only(every: $0) } ?? set
        return shard.map { chosen.shard($0.index, of: $0.count) } ?? chosen
    }

    private func open(_ data: String, _ classes: ModelClasses) throws -> LabeledImages {
        guard let groundTruth, let synsets else {
            return try LabeledImages.open(path: data, split: split, classes: classes)
        }
        return try LabeledImages.imageNetValidation(
            path: data, groundTruth: groundTruth, synsets: synsets, classes: classes)
    }

    /// The name of the selected images in messages.
    ///
    /// - Parameter set: the data set.
    /// - Returns: its origin, split and subset.
    func name(of set: LabeledImages) -> String {
        let parts = [
            split, everyNth.map { "one of every \($0)" },
            shard.map { "shard \($0.index)/\($0.count)" },
        ].compactMap { $0 }
        return set.origin + (parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))")
    }

    /// Starts loading images, and reports an assumption about class indices.
    ///
    /// - Parameters:
    ///   - set: the data set.
    ///   - first: the index of the first image to load.
    ///   - card: the model card.
    ///   - label: the label of the progress output.
    /// - Returns: the stream of batches.
    /// - Throws: ``ModelError`` if the model takes no images.
    func stream(
        _ set: LabeledImages, from first: Int, for card: ModelCard, label: String
    ) throws -> ImageStream {
        let preprocessing = try preprocessingOptions.preprocessing(of: card)
        if let assumption = set.assumption { printError("note: \(assumption)") }
        let failures = FailureLog()
        let progress = ProgressReporter(
            label: label, unit: "images", total: set.count - first, isQuiet: false)
        failures.use(progress)
        return ImageStream(
            loader: ImageLoader(set.rest(from: first), preprocessing: preprocessing),
            preprocessing: preprocessing, batchSize: batchSize, skipped: SkippedLog(set.skipped),
            failures: failures, progress: progress)
    }
}

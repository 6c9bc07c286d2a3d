import ArgumentParser
import DVTModel
import DVTSupport
import DVTVision

/// The images of `dvt cascade`, and the parts that its steps use.
struct CascadeDataOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A folder of class folders, CIFAR archives (a folder or a file), or a list (.csv, .txt).",
            valueName: "data"),
        completion: .directory)
    var data: String

    @Option(
        help: ArgumentHelp(
            "The split to train on.", discussion: "Default: train, if there are several.",
            valueName: "name"))
    var split: String?

    @Option(
        help: ArgumentHelp(
            "The split to choose thresholds on.",
            discussion: """
                Default: val, if there is test too; otherwise images held out of the training split.
                """, valueName: "name"))
    var validationSplit: String?

    @Option(
        help: ArgumentHelp(
            "The split to measure the cascade on.",
            discussion: "Default: test, otherwise val, otherwise images held out of training.",
            valueName: "name"))
    var testSplit: String?

    @OptionGroup var folderOptions: ClassFolderOptions

    /// The options that select the images of each step.
    struct Parts: Equatable {
        let training: [String]
        let calibration: [String]
        let test: [String]
        /// The number of images to train on.
        let trainingImages: Int
    }

    /// The parts of the data.
    ///
    /// - Returns: the options of each step.
    /// - Throws: ``DataSetError`` if the data cannot be opened or has no such splits.
    func parts() throws -> Parts {
        let splits = try splits()
        func named(_ names: String...) -> String? {
            splits.first { names.contains($0.lowercased()) }
        }
        let training = split ?? named("train", "training")
        if training == nil, !splits.isEmpty {
            throw DataSetError.splitNeeded(path: data, splits: splits)
        }
        let test = testSplit ?? named("test", "testing") ?? named("val", "valid", "validation")
        let validation =
            validationSplit ?? named("val", "valid", "validation").flatMap { $0 == test ? nil : $0 }
        let set = try LabeledImages.open(
            path: data, split: training,
            classes: ModelClasses(numbering: folderOptions.classFolders))
        return parts(training: training, validation: validation, test: test, images: set.count)
    }

    /// The splits of the data, or none.
    private func splits() throws -> [String] {
        do {
            _ = try LabeledImages.open(path: data, split: split)
            return split.map { [$0] } ?? []
        } catch DataSetError.splitNeeded(_, let splits) {
            return splits
        }
    }

    private func parts(
        training: String?, validation: String?, test: String?, images: Int
    ) -> Parts {
        func option(_ split: String?) -> [String] { split.map { ["--split", $0] } ?? [] }
        let numbering = ["--class-folders", folderOptions.classFolders.rawValue]
        // Every tenth image chooses thresholds, and if there is no other split, another measures.
        let every = test == nil ? 5 : 10
        let heldOut = ["--every-nth", "\(every)"]
        let halves = ["0/2", "1/2"].map { option(training) + heldOut + ["--shard", $0] }
        let calibration =
            validation.map { option($0) }
            ?? (test == nil ? halves[0] : option(training) + heldOut)
        let measured =
            validation.map { ["--validation-split", $0] } ?? ["--hold-out-every", "\(every)"]
        return Parts(
            training: option(training) + measured + numbering,
            calibration: calibration + numbering,
            test: (test.map { option($0) } ?? halves[1]) + numbering,
            trainingImages: validation == nil ? images - images / every : images)
    }
}

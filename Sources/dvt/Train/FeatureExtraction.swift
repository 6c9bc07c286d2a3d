import DVTAutodiff
import DVTCheckpoints
import DVTCore
import DVTModel
import DVTOutput
import DVTSupport
import DVTTraining
import DVTVision

/// Computes the features of a set once, for a run that trains only heads.
struct FeatureExtraction<B: DifferentiableBackend> {
    let trainer: Trainer<B>
    let folder: RunFolder
    let precision: String
    let interruption: Interruption

    /// A training set with its features, unless every epoch changes its images.
    ///
    /// - Parameter input: the training images.
    /// - Returns: the input, or nil if interrupted.
    /// - Throws: the error of ``features(of:as:)``.
    func training(_ input: TrainingInput) throws -> TrainingInput? {
        guard !input.changesImages else {
            printError(
                """
                features: the backbone is frozen, but augmentation changes the images in every \
                epoch, so it runs in every epoch; with --augmentation none it runs once
                """)
            return input
        }
        return try features(of: input, as: "train")
    }

    /// A set with its features, computed now as far as the run's folder does not hold them.
    ///
    /// - Parameters:
    ///   - input: the images, without augmentation.
    ///   - name: the name of the set in the run's folder.
    /// - Returns: the input, or nil if interrupted.
    /// - Throws: ``FeatureError`` if the folder holds features of something else or damaged ones, or
    ///   the device's or a file's error.
    func features(of input: TrainingInput, as name: String) throws -> TrainingInput? {
        let path = folder.features(name)
        do {
            let cache = try FeatureCache(folder: path, subject: subject(of: input))
            if !cache.isComplete {
                guard let skipped = try store(input, in: cache, as: name) else { return nil }
                for problem in skipped.prefix(10) { printError("warning: \(problem)") }
                if skipped.count > 10 {
                    printError("warning: \(skipped.count) images in total could not be read")
                }
                if input.options.isStrict, let first = skipped.first { throw first }
            }
            var input = input
            input.features = try cache.table()
            return input
        } catch let error as RowJournalError<FeatureCache.Subject> {
            throw FeatureError(error)
        }
    }

    private func subject(of input: TrainingInput) throws -> FeatureCache.Subject {
        let configuration = trainer.card.configuration
        return FeatureCache.Subject(
            model: configuration.name, weights: try trainer.model.frozenDigest(),
            data: input.images.origin, images: input.images.count,
            preprocessing: input.preprocessing.json, precision: precision,
            widths: configuration.stages.map(\.featureWidth))
    }

    private func store(
        _ input: TrainingInput, in cache: FeatureCache, as name: String
    ) throws -> [ImageError]? {
        let (count, taken) = (input.images.count, cache.taken)
        let numbers = trainer.card.configuration.stages.reduce(0) { $0 + $1.featureWidth }
        printError(
            """
            features: \(count - taken) images x \(numbers) numbers, \
            \(decimalText(Double(4 * count * numbers) / 1_048_576, decimals: 1)) MiB in \
            \(shown(folder.features(name)))
            """)
        let progress = ProgressReporter(
            label: "features (\(name))", unit: "images", total: count - taken, isQuiet: false)
        defer { progress.finish() }
        var last = taken
        return try trainer.storeFeatures(of: input, in: cache) { taken in
            progress.advance(by: taken - last)
            last = taken
            return interruption.isRequested
        }
    }
}

/// Stored features that cannot be used.
struct FeatureError: Error, CustomStringConvertible {
    let description: String

    init(_ error: RowJournalError<FeatureCache.Subject>) {
        description =
            switch error {
            case .unfinished(let folder), .nothingToResume(let folder),
                .anotherSubject(let folder, _):
                """
                \(shown(folder)): holds features of other images, weights, preprocessing or \
                precision; give the run's own, or remove the folder to compute them anew
                """
            case .damaged(let path):
                "\(shown(path)): is incomplete; remove its folder to compute the features anew"
            }
    }
}

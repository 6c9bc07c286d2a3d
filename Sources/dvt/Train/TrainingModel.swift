import DVTCheckpoints
import DVTCore
import DVTModel
import DVTSupport
import DVTTraining
import DVTVision

/// The model of a new run before its classes are those of the data.
struct TrainingModel {
    private let card: ModelCard
    /// What describes the model, for messages.
    private let origin: String
    /// Whether the description states classes of its own.
    private let statesClasses: Bool
    /// The checkpoint to start from, or nil.
    private let start: (any NamedTensors)?
    /// The weights of the stages that the description names, or nil.
    private let stages: StageWeights?
    /// The sizes of images that were asked for, or nil for the model's.
    private let sizes: ImageSizes?

    /// Reads the description.
    ///
    /// - Parameters:
    ///   - model: a model name or a JSON file, or nil for the model card of `start`.
    ///   - start: the checkpoint to start from, or nil.
    ///   - options: the image sizes, and which weights of `start` are read.
    ///   - reuse: the reuse between stages.
    /// - Throws: ``ModelError`` or the error of a file.
    init(
        model: String?, start: String?, _ options: LoadingOptions, _ reuse: ReuseOptions
    ) throws {
        self.start = try start.map {
            try Checkpoint.open(argument: $0, key: options.checkpoint.checkpointKey)
        }
        sizes = options.imageSize
        var card: ModelCard
        if let model {
            (card, origin) = (try .named(orFile: model), model)
            statesClasses = try ModelCard.statesClasses(model)
            stages =
                self.start == nil && card.stageWeights != nil
                ? try LoadedModel.stageWeights(card, besides: model) : nil
        } else if let file = self.start {
            card = try ModelCard(storedIn: file)
            // Chosen for the classes of that model.
            (card.thresholds, card.scoring) = (nil, ExitScoring())
            (origin, statesClasses, stages) = (file.origin, false, nil)
        } else {
            throw LoadError.noModel
        }
        if let sizes { card.configuration = try sizes.applied(to: card.configuration) }
        card.configuration = try reuse.applied(to: card.configuration)
        self.card = card
    }

    /// The class names that the description states, or nil.
    var statedLabels: ClassLabels? {
        get throws { statesClasses ? try ClassLabels.of(card) : nil }
    }

    /// The model card with the classes of a data set.
    ///
    /// - Parameter set: the data set, numbered by its own classes.
    /// - Returns: the card.
    /// - Throws: ``TrainingClassesError`` if the description states other classes.
    func card(for set: LabeledImages) throws -> ModelCard {
        var card = card
        guard statesClasses else {
            let count = set.classes?.names.count ?? set.lazy.map { $0.label + 1 }.max() ?? 0
            card.configuration = try card.configuration.classifying(count)
            card.labels = set.classes.map { .list($0.names) }
            return card
        }
        guard let own = set.classes else { return card }
        let stated = try ClassLabels.of(card)
        let count = card.configuration.classes
        guard stated.map(own.areClasses(of:)) ?? (own.names.count == count) else {
            throw TrainingClassesError(
                model: origin, stated: stated, count: count, data: set.origin, own: own)
        }
        if stated == nil { card.labels = .list(own.names) }
        return card
    }

    /// The weights to start from, or nil for random ones.
    ///
    /// - Parameters:
    ///   - card: the card of the run.
    ///   - random: the source of a head for other classes.
    /// - Returns: the weights, with a head of the checkpoint only if its classes are the same or
    ///   have no names.
    /// - Throws: ``LabelError`` if the names of the classes are invalid.
    func weights(for card: ModelCard, otherwise random: RandomWeights) throws -> AdaptedWeights? {
        if let stages { return AdaptedWeights(stages, otherwise: random) }
        guard let start else { return nil }
        // A head for as many other classes fits, but is as useless as one for another number.
        let labels = try (try? ModelCard(storedIn: start)).flatMap(ClassLabels.of)
        let own = try ClassLabels.of(card)
        // As the file's library resamples positions, so that training starts from the same model.
        let file = CheckpointWeights(start, resamplingPositions: true)
        return AdaptedWeights(
            sizes?.makeCascade == true
                ? StageWeights(file, ofEveryStageOf: card.configuration) : file,
            otherwise: random, keepsHeads: labels == nil || own == nil || labels == own)
    }
}

/// A model whose classes are not those of the data.
struct TrainingClassesError: Error, CustomStringConvertible {
    let model: String
    let stated: ClassLabels?
    let count: Int
    let data: String
    let own: ClassLabels

    var description: String {
        """
        \(shown(model)): has \(classesText(stated, count: count)); \(shown(data)) has \
        \(classesText(own, count: own.names.count)); make them equal, or leave classes and labels out \
        of the model, which then has those of the data
        """
    }
}

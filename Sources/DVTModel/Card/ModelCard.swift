import DVTCore

/// What one must know of a model besides its weights: enough to run it on images.
///
/// A card is written into converted checkpoints, so that they can be used without naming the model
/// again; a file of the same JSON describes a cascade of one's own.
public struct ModelCard: Hashable, Sendable {
    /// The names of the classes.
    public enum Labels: Hashable, Sendable {
        /// Those of a data set, by its name: `imagenet-1k`.
        case dataSet(String)
        /// One name a class.
        case list([String])
    }

    /// The cascade's numbers.
    public var configuration: CascadeConfiguration
    /// How images become its input.
    public var normalization = ImageNormalization.imageNet
    /// The names of its classes, or nil where nobody said.
    public var labels: Labels?
    /// The scores that let an image leave, one for every exit but the last, or nil.
    public var thresholds: [Float]?
    /// What is compared with the thresholds.
    public var scoring = ExitScoring()
    /// A file of weights for each stage, where stages were trained apart, or nil.
    public var stageWeights: [String]?

    /// The key of a card among a checkpoint's metadata.
    public static let metadataKey = "dvt.model_card"

    /// Creates a card with ImageNet's normalization and, for 1000 classes, ImageNet's labels.
    ///
    /// - Parameter configuration: the cascade's numbers.
    public init(_ configuration: CascadeConfiguration) {
        self.configuration = configuration
        labels = configuration.classes == 1000 ? .dataSet("imagenet-1k") : nil
    }

    /// The card of a released model.
    ///
    /// - Parameter name: see ``CascadeConfiguration/named(_:)``.
    /// - Returns: the card; a plain ViT or DeiT has timm's normalization, a MindSpore model that of
    ///   its authors' data loader.
    /// - Throws: ``ModelError/unknownModel(name:known:)`` if there is none of that name.
    public static func named(_ name: String) throws -> Self {
        var card = Self(try .named(name))
        if let stage = VisionTransformerConfiguration.plain(name) {
            card.normalization = .plain(name, imageSize: stage.imageSize)
        }
        if card.configuration.naming == .mindSpore {
            // MindSpore's Resize is bilinear where nothing else is said.
            card.normalization.interpolation = .bilinear
            if card.configuration.classes == 1001 {
                card.labels = .dataSet("imagenet-1001-mindspore")
            }
        }
        return card
    }

    /// Reads the card that a checkpoint holds.
    ///
    /// - Parameter file: the open checkpoint.
    /// - Throws: ``ModelError/noCard(origin:)`` if it holds none,
    ///   ``ModelError/invalidDescription(origin:reason:)`` if what it holds is none, or
    ///   ``ModelError/invalidConfiguration(name:reason:)`` if its numbers cannot be combined.
    public init(storedIn file: some NamedTensors) throws {
        guard let text = file.metadata[Self.metadataKey] else {
            throw ModelError.noCard(origin: file.origin)
        }
        try self.init(json: Array(text.utf8), origin: file.origin)
    }

    /// The policy of the card's thresholds; 0.8 at every exit where it has none.
    public var exitPolicy: ExitPolicy {
        let exits = configuration.stages.count - 1
        guard let thresholds else { return .thresholds(Array(repeating: 0.8, count: exits)) }
        return .thresholds(thresholds, of: scoring)
    }
}

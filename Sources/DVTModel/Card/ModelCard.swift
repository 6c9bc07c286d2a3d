import DVTCore

/// What one must know of a model besides its weights: enough to run it on pictures.
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
    /// How pictures become its input.
    public var normalisation = ImageNormalisation.imageNet
    /// The names of its classes, or nil where nobody said.
    public var labels: Labels?
    /// The confidences that let an image leave, one for every exit but the last, or nil.
    public var thresholds: [Float]?
    /// A file of weights for each stage, where stages were trained apart, or nil.
    public var stageWeights: [String]?

    /// The key of a card among a checkpoint's metadata.
    public static let metadataKey = "dvt.model_card"

    /// Creates a card with ImageNet's normalisation, and ImageNet's labels for 1000 classes or, a
    /// background before them, 1001.
    ///
    /// - Parameter configuration: the cascade's numbers.
    public init(_ configuration: CascadeConfiguration) {
        self.configuration = configuration
        switch configuration.classes {
        case 1000: labels = .dataSet("imagenet-1k")
        case 1001: labels = .dataSet("imagenet-1001")
        default: labels = nil
        }
    }

    /// The card of a released model.
    ///
    /// - Parameter name: see ``CascadeConfiguration/named(_:)``.
    /// - Returns: the card; a plain ViT or DeiT has timm's normalisation.
    /// - Throws: ``ModelError/unknownModel(name:known:)`` if there is none of that name.
    public static func named(_ name: String) throws -> Self {
        var card = Self(try .named(name))
        if let stage = VisionTransformerConfiguration.plain(name) {
            card.normalisation = .plain(name, imageSize: stage.imageSize)
        }
        return card
    }

    /// The card that a checkpoint holds.
    ///
    /// - Parameter file: the open checkpoint.
    /// - Returns: the card, or nil if the file holds none.
    /// - Throws: ``ModelError/invalidDescription(origin:reason:)`` if it is not one, or
    ///   ``ModelError/invalidConfiguration(name:reason:)`` if its numbers cannot be combined.
    public static func stored(in file: some NamedTensors) throws -> Self? {
        try file.metadata[metadataKey].map { try Self(json: Array($0.utf8), origin: file.origin) }
    }
}

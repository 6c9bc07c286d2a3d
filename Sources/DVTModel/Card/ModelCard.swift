public import DVTCore

/// Everything except the weights that is needed to run a model on images.
///
/// Converted checkpoints contain their card, so the model need not be named again. A file with the
/// same JSON describes a custom cascade.
public struct ModelCard: Hashable, Sendable {
    /// The names of the classes.
    public enum Labels: Hashable, Sendable {
        /// The classes of a data set, for example `imagenet-1k`.
        case dataSet(String)
        /// One name per class.
        case list([String])
    }

    /// The cascade's configuration.
    public var configuration: CascadeConfiguration
    /// The preprocessing of images.
    public var normalization = ImageNormalization.imageNet
    /// The names of the classes, or nil if unknown.
    public var labels: Labels?
    /// The score threshold of each exit except the last, or nil.
    public var thresholds: [Float]?
    /// The score compared with the thresholds.
    public var scoring = ExitScoring()
    /// The weight file of each stage if stages were trained separately, or nil.
    public var stageWeights: [String]?

    /// The key of the card in a checkpoint's metadata.
    public static let metadataKey = "dvt.model_card"

    /// Creates a card with ImageNet's normalization and, for 1000 classes, ImageNet's labels.
    ///
    /// - Parameter configuration: the cascade's configuration.
    public init(_ configuration: CascadeConfiguration) {
        self.configuration = configuration
        labels = configuration.classes == 1000 ? .dataSet("imagenet-1k") : nil
    }

    /// The card of a released model.
    ///
    /// - Parameter name: see ``CascadeConfiguration/named(_:)``.
    /// - Returns: the card; a plain ViT or DeiT uses timm's normalization, a MindSpore model that
    ///   of its authors' data loader.
    /// - Throws: ``ModelError/unknownModel(name:known:)`` if no model has this name.
    public static func named(_ name: String) throws -> Self {
        var card = Self(try .named(name))
        let name = CascadeConfiguration.canonical(name)
        if let stage = VisionTransformerConfiguration.plain(name) {
            card.normalization = .plain(name, imageSize: stage.imageSize)
        }
        if card.configuration.naming == .mindSpore {
            // MindSpore's Resize is bilinear by default.
            card.normalization.interpolation = .bilinear
            if card.configuration.classes == 1001 {
                card.labels = .dataSet("imagenet-1001-mindspore")
            }
        }
        return card
    }

    /// Reads the card of a checkpoint, or that of a folder that timm or Hugging Face transformers
    /// saved.
    ///
    /// - Parameter file: the open checkpoint; a folder's has `config.json` and
    ///   `preprocessor_config.json` as metadata.
    /// - Throws: ``ModelError/noCard(origin:)`` if it has none,
    ///   ``ModelError/invalidDescription(origin:reason:)`` if its card is malformed, or
    ///   ``ModelError/invalidConfiguration(name:reason:)`` if its numbers contradict each other.
    public init(storedIn file: some NamedTensors) throws {
        if let text = file.metadata[Self.metadataKey] {
            try self.init(json: Array(text.utf8), origin: file.origin)
        } else if let text = file.metadata["config.json"] {
            try self.init(
                PretrainedFiles(
                    configuration: Array(text.utf8),
                    preprocessor: file.metadata["preprocessor_config.json"].map { Array($0.utf8) },
                    origin: file.origin), CheckpointWeights(file))
        } else {
            throw ModelError.noCard(origin: file.origin)
        }
    }

    /// The policy with the card's thresholds, by default 0.8 at every exit.
    public var exitPolicy: ExitPolicy {
        let exits = configuration.stages.count - 1
        guard let thresholds else { return .thresholds(Array(repeating: 0.8, count: exits)) }
        return .thresholds(thresholds, of: scoring)
    }
}

internal import DVTCore
import DVTSupport

/// A model folder that timm saved for the Hugging Face Hub, `save_for_hf` or `push_to_hf_hub`.
struct TimmDescription {
    private let config: DescriptionReader

    init(_ config: DescriptionReader) {
        self.config = config
    }

    /// The card; `model_args` take precedence over the architecture's own arguments.
    func card(_ weights: CheckpointWeights) throws -> ModelCard {
        var config = config
        let name = try config.string("architecture") ?? ""
        guard var network = TimmArchitecture(name) else {
            throw config.fault(
                "architecture", "is \(quoted(name)), which is not a ViT or DeiT that dvt has")
        }
        // Before 0.9, timm had these entries beside the architecture.
        var pretrained = try config.object("pretrained_cfg") ?? config
        if let input = try pretrained.numbers("input_size") {
            guard input.count == 3, input[1] == input[2], let side = Int(exactly: input[2]),
                let channels = Int(exactly: input[0])
            else { throw pretrained.fault("input_size", "is not [channels, side, side]") }
            (network.stage.imageSize, network.stage.channels) = (side, channels)
        }
        if var arguments = try config.object("model_args") { try network.read(&arguments) }
        if let pooling = try config.string("global_pool") {
            try network.setPooling(pooling) { config.fault("global_pool", $0) }
        }
        network.stage.classes = try config.classes(
            try config.int("num_classes"), "num_classes", of: weights)
        // The defaults depend on the architecture, and the file shows them.
        network.stage.hasQKVBias = weights.hasQKVBias
        network.stage.normalizesPooled = weights.normalizesPooled
        var card = ModelCard(
            try CascadeConfiguration([network.finished()], name: name, naming: .timm))
        card.normalization = try pretrained.normalization()
        if let names = try labels(&config), !weights.lacksHead {
            guard names.count == network.stage.classes else {
                throw config.fault(
                    "label_names", "has \(names.count) names for \(network.stage.classes) classes")
            }
            card.labels = .list(names)
        }
        return card
    }

    private func labels(_ config: inout DescriptionReader) throws -> [String]? {
        guard case .array(let elements)? = config.value("label_names") else { return nil }
        return try elements.map {
            guard case .string(let name) = $0 else {
                throw config.fault("label_names", "is not a list of names")
            }
            return name
        }
    }
}

extension DescriptionReader {
    /// The preprocessing of a `pretrained_cfg`; timm's default for what is missing is ImageNet's.
    fileprivate mutating func normalization() throws -> ImageNormalization {
        var normalization = ImageNormalization.imageNet
        normalization.mean = try color("mean") ?? normalization.mean
        normalization.standardDeviation =
            try deviation("std") ?? normalization.standardDeviation
        normalization.cropFraction = try cropFraction("crop_pct") ?? normalization.cropFraction
        normalization.interpolation =
            try choice("interpolation", of: ImageNormalization.Interpolation.self)
            ?? normalization.interpolation
        switch try string("crop_mode") {
        case nil, "center": normalization.crop = .center
        case "squash": normalization.crop = .squash
        case "border": normalization.crop = .pad
        case .some(let mode):
            throw fault("crop_mode", "is \(quoted(mode)), and it takes center, squash, border")
        }
        return normalization
    }
}

internal import DVTCore
import DVTSupport

extension ModelCard {
    /// Reads a cascade's configuration and the weight files of its stages.
    ///
    /// A released model may be its base.
    ///
    /// - Returns: the card, and the preprocessing that the stages' architectures imply.
    static func cascade(
        _ reader: inout DescriptionReader, base card: ModelCard?, origin: String
    ) throws -> (ModelCard, StageNormalizations) {
        reader.accept("normalises_reused_features", as: "normalizes_reused_features")
        let base = card?.configuration
        let defaults = base?.stages.first
        let shared = SharedNumbers(
            imageSize: try reader.int("image_size") ?? defaults?.imageSize,
            channels: try reader.int("channels") ?? defaults?.channels,
            classes: try reader.int("classes") ?? defaults?.classes)
        let stages: [VisionTransformerConfiguration]
        var weights: [String]?
        var architectures = [card]
        if var described = try reader.objects("stages") {
            guard base == nil else {
                throw reader.fault("stages", "and model contradict each other; give one of them")
            }
            weights = try stageWeights(&described)
            architectures = try described.indices.map { try architecture(&described[$0]) }
            stages = try described.indices.map {
                let base = architectures[$0]?.configuration.stages[0]
                return try stage(&described[$0], base: base, shared)
            }
        } else if let base {
            stages = base.stages.map(shared.applied)
        } else {
            throw reader.fault("stages", "is missing; give it, or a released model's name as model")
        }
        let shares = try reader.bool("shares_backbone") ?? base?.sharesBackbone ?? false
        // Stages trained separately have no weights for reuse, and those of one network no features.
        let reuses = weights == nil && !shares
        let configuration = try CascadeConfiguration(
            stages, name: reader.string("name") ?? base?.name ?? origin,
            featureReuse: reader.bool("feature_reuse") ?? base?.featureReuse ?? reuses,
            relationReuse: reader.bool("relation_reuse") ?? base?.relationReuse ?? reuses,
            normalizesReusedFeatures: reader.bool("normalizes_reused_features")
                ?? base?.normalizesReusedFeatures ?? true,
            sharesBackbone: shares,
            naming: reader.choice("naming", of: ParameterNaming.self) ?? base?.naming)
        var made = ModelCard(configuration)
        made.stageWeights = weights
        return (made, StageNormalizations(architectures))
    }

    private static func stageWeights(_ stages: inout [DescriptionReader]) throws -> [String]? {
        let paths = try stages.indices.map { try stages[$0].string("weights") }
        let given = paths.compactMap { $0 }
        guard given.count == paths.count else {
            guard let missing = paths.firstIndex(of: nil), !given.isEmpty else { return nil }
            throw stages[missing].fault("weights", "is missing, and other stages have theirs")
        }
        return given
    }

    private static func stage(
        _ reader: inout DescriptionReader, base: VisionTransformerConfiguration?,
        _ shared: SharedNumbers
    ) throws -> VisionTransformerConfiguration {
        reader.accept("tokeniser", as: "tokenizer")
        let width = try reader.int("width", else: base?.width)
        var stage = VisionTransformerConfiguration(
            patch: base?.patch ?? PatchGeometry(kernel: 16), width: width,
            depth: try reader.int("depth", else: base?.depth),
            heads: try reader.int("heads", else: base?.heads),
            mlpWidth: try reader.int("mlp_width", else: base?.mlpWidth ?? 4 * width),
            classes: base?.classes ?? 1000)
        stage.imageSize = base?.imageSize ?? stage.imageSize
        stage = shared.applied(stage)
        if let own = try reader.int("image_size") {
            stage = SharedNumbers(imageSize: own, channels: nil, classes: nil).applied(stage)
        }
        stage.tokenizer =
            try reader.choice("tokenizer", of: Tokenizer.self) ?? base?.tokenizer ?? .linear
        stage.hasQKVBias = try reader.bool("qkv_bias") ?? base?.hasQKVBias ?? true
        if let epsilon = try reader.number("layer_norm_epsilon") {
            guard Float(epsilon).isNormal, epsilon > 0, epsilon < 1 else {
                throw reader.fault(
                    "layer_norm_epsilon", "is \(epsilon), and it takes a number between 0 and 1")
            }
            stage.layerNormEpsilon = Float(epsilon)
        } else if let base {
            stage.layerNormEpsilon = base.layerNormEpsilon
        }
        stage.activation =
            try reader.choice("activation", of: Activation.self) ?? base?.activation ?? .gelu
        try readTokens(&reader, of: &stage, base: base)
        try readPatch(&reader, of: &stage)
        try reader.finish()
        return stage
    }

    /// Reads what surrounds the patches' tokens: those before them, and the pooling.
    private static func readTokens(
        _ reader: inout DescriptionReader, of stage: inout VisionTransformerConfiguration,
        base: VisionTransformerConfiguration?
    ) throws {
        let base = base ?? stage
        stage.prefixTokens = try reader.int("prefix_tokens") ?? base.prefixTokens
        stage.normalizesEmbedding =
            try reader.bool("normalizes_embedding") ?? base.normalizesEmbedding
        stage.pooling = try reader.choice("pooling", of: Pooling.self) ?? base.pooling
        stage.normalizesPooled = try reader.bool("normalizes_pooled") ?? base.normalizesPooled
    }

    /// The model that `architecture` names, or nil if it is missing.
    private static func architecture(_ reader: inout DescriptionReader) throws -> ModelCard? {
        guard let name = try reader.string("architecture") else { return nil }
        let card = try reader.model(named: name, key: "architecture")
        guard card.configuration.stages.count == 1 else {
            throw reader.fault("architecture", "\(quoted(name)) is a cascade, not one stage")
        }
        return card
    }

    /// Reads the patches, or derives them from the number of tokens.
    private static func readPatch(
        _ reader: inout DescriptionReader, of stage: inout VisionTransformerConfiguration
    ) throws {
        let tokens = try reader.int("tokens")
        if let patch = try patch(&reader, imageSize: stage.imageSize) {
            stage.patch = patch
            // A patch that does not fit is reported with the other numbers.
            guard
                tokens == nil || patch.padding >= patch.kernel || stage.grid * stage.grid == tokens
            else {
                let given = stage.grid * stage.grid
                throw reader.fault("tokens", "and patch contradict each other: it gives \(given)")
            }
        } else if let tokens {
            let grid = Int(Double(tokens).squareRoot())
            guard grid > 0, grid * grid == tokens else {
                throw reader.fault("tokens", "is \(tokens), and it takes a square: 49, 100, 196")
            }
            stage.patch =
                stage.tokenizer == .linear
                ? .covering(stage.imageSize, patch: (stage.imageSize + grid - 1) / grid)
                : .softSplit(grid: grid)
            guard stage.grid == grid else {
                throw reader.fault(
                    "tokens", "is \(tokens), which the usual patches do not give; give patch")
            }
        }
    }

    private static func patch(
        _ reader: inout DescriptionReader, imageSize: Int
    ) throws -> PatchGeometry? {
        guard let value = reader.value("patch") else { return nil }
        if case .int(let side) = value {
            guard (0...DescriptionReader.limit).contains(side) else {
                throw reader.fault("patch", "is \(side), and it takes a side in pixels")
            }
            return .covering(imageSize, patch: side)
        }
        var geometry = try reader.object(value, named: "patch")
        let patch = PatchGeometry(
            kernel: try geometry.int("kernel", else: nil), stride: try geometry.int("stride"),
            padding: try geometry.int("padding") ?? 0)
        try geometry.finish()
        return patch
    }
}

/// The sizes shared by all stages of a cascade.
private struct SharedNumbers {
    let imageSize: Int?
    let channels: Int?
    let classes: Int?

    /// The stage with these sizes; its patches are adapted to a changed image size.
    func applied(_ stage: VisionTransformerConfiguration) -> VisionTransformerConfiguration {
        var stage = stage
        if let imageSize, imageSize != stage.imageSize {
            stage.imageSize = imageSize
            if stage.tokenizer == .linear {
                stage.patch = .covering(imageSize, patch: stage.patch.kernel)
            }
        }
        stage.channels = channels ?? stage.channels
        stage.classes = classes ?? stage.classes
        return stage
    }
}

internal import DVTCore
import DVTSupport

/// A model folder that Hugging Face transformers saved: ViT, DeiT, DINOv2, or the vision towers of
/// CLIP and SigLIP.
struct HuggingFaceDescription {
    private var config: DescriptionReader
    private let files: PretrainedFiles
    private let type: ModelType

    private enum ModelType: String, CaseIterable {
        case vit
        case deit
        case dinov2
        case dinov2WithRegisters = "dinov2_with_registers"
        case clip
        case clipVision = "clip_vision_model"
        case siglip
        case siglipVision = "siglip_vision_model"

        /// The defaults of transformers' configurations.
        var epsilon: Double {
            isDINOv2 || isSigLIP ? 1e-6 : isCLIP ? 1e-5 : 1e-12
        }
        var activation: Activation { isCLIP ? .quickGELU : isSigLIP ? .geluTanh : .gelu }

        var isDINOv2: Bool { self == .dinov2 || self == .dinov2WithRegisters }
        var isCLIP: Bool { self == .clip || self == .clipVision }
        var isSigLIP: Bool { self == .siglip || self == .siglipVision }

        var naming: ParameterNaming {
            isCLIP || isSigLIP ? .huggingFaceCLIP : isDINOv2 ? .huggingFaceDINOv2 : .huggingFace
        }
    }

    init(_ config: DescriptionReader, _ files: PretrainedFiles) throws {
        self.config = config
        self.files = files
        guard let type = try self.config.choice("model_type", of: ModelType.self) else {
            throw config.fault("model_type", "is missing")
        }
        self.type = type
    }

    /// The card; entries that do not change the network's outputs are ignored.
    func card(_ weights: CheckpointWeights) throws -> ModelCard {
        var config = config
        let names = try labels(&config)
        // CLIP and SigLIP describe two towers.
        var tower = try config.object("vision_config") ?? config
        var stage = try sizes(&tower)
        stage.classes = try config.classes(names?.count, "id2label", of: weights)
        try readTokens(&config, of: &stage)
        let normalization = try preprocessing(&stage)
        var card = ModelCard(
            try CascadeConfiguration(
                [stage], name: config.string("_name_or_path") ?? type.rawValue,
                naming: type.naming))
        // The names that transformers gives classes without names.
        let isNamed = names?.enumerated().contains { $0.element != "LABEL_\($0.offset)" }
        card.labels = isNamed == true && !weights.lacksHead ? names.map { .list($0) } : nil
        card.normalization = normalization
        return card
    }

    /// The preprocessing, whose image size is the model's: DINOv2 was trained at 518 pixels and is
    /// usually run at 224, with resampled positions.
    private func preprocessing(
        _ stage: inout VisionTransformerConfiguration
    ) throws -> ImageNormalization {
        guard let text = files.preprocessor else {
            guard !type.isCLIP, !type.isSigLIP else {
                throw config.fault(
                    "model_type",
                    """
                    is \(type.rawValue), whose preprocessing is in preprocessor_config.json, which is \
                    missing
                    """)
            }
            return .huggingFace
        }
        let origin = "\(files.origin)/preprocessor_config.json"
        var reader = try DescriptionReader(ModelCard.parsed(text, origin), origin: origin)
        let (normalization, imageSize) = try reader.preprocessor(imageSize: stage.imageSize)
        guard imageSize == stage.imageSize || type.isDINOv2 else {
            throw reader.fault(
                "size",
                "gives images of \(imageSize) pixels, and the model takes \(stage.imageSize)")
        }
        stage.imageSize = imageSize
        return normalization
    }

    private func sizes(
        _ config: inout DescriptionReader
    ) throws -> VisionTransformerConfiguration {
        let width = try config.int("hidden_size") ?? 768
        let side =
            try config.squareSide("patch_size") ?? (type.isDINOv2 ? 14 : type.isCLIP ? 32 : 16)
        // The sizes of a configuration are checked when it is made.
        var stage = VisionTransformerConfiguration(
            patch: PatchGeometry(kernel: side), width: width,
            depth: try config.int("num_hidden_layers") ?? 12,
            heads: try config.int("num_attention_heads") ?? 12,
            mlpWidth: type.isDINOv2
                ? width * (try config.int("mlp_ratio") ?? 4)
                : try config.int("intermediate_size") ?? 3072)
        stage.imageSize = try config.squareSide("image_size") ?? 224
        stage.channels = try config.int("num_channels") ?? 3
        stage.hasQKVBias = try config.bool("qkv_bias") ?? true
        let epsilon = try config.number("layer_norm_eps") ?? type.epsilon
        guard Float(epsilon).isNormal, (0..<1).contains(epsilon) else {
            throw config.fault("layer_norm_eps", "is \(epsilon), and it takes a number from 0 to 1")
        }
        stage.layerNormEpsilon = Float(epsilon)
        stage.activation = try config.activation("hidden_act") ?? type.activation
        try config.require("use_swiglu_ffn", [false])
        return stage
    }

    private func readTokens(
        _ config: inout DescriptionReader, of stage: inout VisionTransformerConfiguration
    ) throws {
        switch type {
        case .vit: break
        case .deit:
            stage.prefixTokens = 2
            if try config.strings("architectures")?.contains(where: {
                $0.hasSuffix("WithTeacher")
            }) == true {
                stage.pooling = .classAndDistillationTokens
            }
        case .dinov2: stage.pooling = .classTokenAndAverage
        case .clip, .clipVision: stage.normalizesEmbedding = true
        case .siglip, .siglipVision: (stage.prefixTokens, stage.pooling) = (0, .attention)
        case .dinov2WithRegisters:
            stage.pooling = .classTokenAndAverage
            stage.prefixTokens = 1 + (try config.int("num_register_tokens") ?? 4)
        }
    }

    /// The names of the classes, or nil if there are none.
    private func labels(_ config: inout DescriptionReader) throws -> [String]? {
        guard case .object(let members)? = config.value("id2label") else { return nil }
        let names = Dictionary(members.map { ($0.key, $0.value) }) { first, _ in first }
        return try members.indices.map { index in
            guard case .string(let name)? = names["\(index)"] else {
                throw config.fault("id2label", "has no name for class \(index)")
            }
            return name
        }
    }
}

extension DescriptionReader {
    /// An activation by its name in transformers.
    fileprivate mutating func activation(_ key: String) throws -> Activation? {
        switch try string(key) {
        case nil: return nil
        case "gelu", "gelu_python": return .gelu
        case "gelu_new", "gelu_fast", "gelu_pytorch_tanh": return .geluTanh
        case "quick_gelu": return .quickGELU
        case .some(let name):
            throw fault(
                key,
                "is \(quoted(name)), and dvt takes gelu, gelu_new, gelu_pytorch_tanh, quick_gelu")
        }
    }

    /// The preprocessing in Hugging Face's `preprocessor_config.json`.
    ///
    /// - Parameter imageSize: the side of the model's input if the file does not say.
    /// - Returns: the preprocessing, and the side of its images.
    /// - Throws: an error that names an entry which dvt does not compute.
    fileprivate mutating func preprocessor(
        imageSize: Int
    ) throws -> (ImageNormalization, imageSize: Int) {
        try require("do_resize", [true])
        try require("do_rescale", [true])
        if let factor = try number("rescale_factor"), abs(factor * 255 - 1) > 1e-6 {
            throw fault("rescale_factor", "is \(factor), and dvt takes 1 / 255")
        }
        var normalization = ImageNormalization.huggingFace
        if try bool("do_normalize") == false {
            normalization.mean = SIMD3(repeating: 0)
            normalization.standardDeviation = SIMD3(repeating: 1)
        } else {
            normalization.mean = try color("image_mean") ?? normalization.mean
            normalization.standardDeviation =
                try deviation("image_std") ?? normalization.standardDeviation
        }
        switch try int("resample") {
        case nil, 2: normalization.interpolation = .bilinear
        case 3: normalization.interpolation = .bicubic
        case .some(let code):
            throw fault("resample", "is \(code), and dvt takes 2, bilinear, or 3, bicubic")
        }
        let side = try readSize(&normalization, imageSize: imageSize)
        return (normalization, side)
    }

    /// Reads how an image becomes a square, squashed to `size`, or the center of it; returns its
    /// side.
    private mutating func readSize(
        _ normalization: inout ImageNormalization, imageSize: Int
    ) throws -> Int {
        let crops = try bool("do_center_crop") ?? false
        let resized = try side("size") ?? (length: imageSize, isShorterSide: false)
        let cropped = crops ? try side("crop_size")?.length ?? imageSize : resized.length
        guard !resized.isShorterSide || crops else {
            throw fault("size", "gives images that are not square")
        }
        normalization.crop = resized.isShorterSide ? .center : .squash
        normalization.cropFraction = Double(cropped) / Double(resized.length)
        // The size before the crop is computed from it, rounded down.
        while normalization.cropFraction > 0,
            Double(cropped) / normalization.cropFraction < Double(resized.length)
        {
            normalization.cropFraction = normalization.cropFraction.nextDown
        }
        guard ImageNormalization.cropFractions.contains(normalization.cropFraction) else {
            throw fault(
                "crop_size",
                "is \(cropped) of \(resized.length) pixels, and it takes a tenth to all of them")
        }
        return cropped
    }

    /// A size: a number, `{"height": H, "width": W}` or `{"shortest_edge": S}`.
    private mutating func side(
        _ key: String
    ) throws -> (length: Int, isShorterSide: Bool)? {
        guard let value = value(key) else { return nil }
        if case .int(let length) = value, (1...Self.limit).contains(length) {
            return (length, false)
        }
        guard case .object = value else { throw fault(key, "is not a size") }
        var reader = try object(value, named: key)
        if let length = try reader.int("shortest_edge"), length > 0 { return (length, true) }
        let height = try reader.int("height", else: nil)
        guard height > 0, try reader.int("width", else: nil) == height else {
            throw fault(key, "is not square")
        }
        return (height, false)
    }
}

extension ImageNormalization {
    /// The defaults of transformers' ViTImageProcessor: squashed, bilinear, a mean and deviation of
    /// 0.5.
    fileprivate static var huggingFace: Self {
        var normalization = Self(
            mean: SIMD3(repeating: 0.5), standardDeviation: SIMD3(repeating: 0.5), cropFraction: 1)
        normalization.interpolation = .bilinear
        normalization.crop = .squash
        return normalization
    }
}

import DVTCore
internal import DVTModel
import DVTSupport

extension PretrainedNetwork {
    /// A stage as Hugging Face transformers' `save_pretrained` writes a ViT, DeiT or DINOv2.
    ///
    /// - Parameter stage: the stage.
    /// - Returns: the network.
    /// - Throws: ``ExportError/inexpressible(stage:target:reason:remedy:)`` if transformers has no
    ///   such network.
    static func transformers(_ stage: StageParameters) throws -> Self {
        let export = try TransformersExport(stage)
        return Self(
            descriptions: [
                ("config.json", export.description),
                ("preprocessor_config.json", try export.preprocessor()),
            ],
            tensors: stage.specifications.flatMap(export.tensors) + export.unusedTensors,
            summary: "\(export.type.modelClass) of transformers")
    }
}

/// A stage in transformers' terms.
private struct TransformersExport {
    let type: ModelType
    private let stage: StageParameters
    private let activation: String

    private var network: VisionTransformerConfiguration { stage.network }

    enum ModelType: String {
        case vit
        case deit
        case deitWithTeacher
        case dinov2
        case dinov2WithRegisters = "dinov2_with_registers"

        /// `model_type`, which is also the prefix of the tensors' names.
        var key: String { self == .deitWithTeacher ? "deit" : rawValue }
        var isDINOv2: Bool { self == .dinov2 || self == .dinov2WithRegisters }

        /// The class of `architectures`.
        var modelClass: String {
            switch self {
            case .vit: "ViTForImageClassification"
            case .deit: "DeiTForImageClassification"
            case .deitWithTeacher: "DeiTForImageClassificationWithTeacher"
            case .dinov2: "Dinov2ForImageClassification"
            case .dinov2WithRegisters: "Dinov2WithRegistersForImageClassification"
            }
        }
    }

    init(_ stage: StageParameters) throws {
        self.stage = stage
        let network = stage.network
        let remedy = "export it by --to timm or --to onnx"
        switch (network.pooling, network.prefixTokens) {
        case (.classToken, 1): type = .vit
        case (.classToken, 2): type = .deit
        case (.classAndDistillationTokens, 2): type = .deitWithTeacher
        case (.classTokenAndAverage, 1): type = .dinov2
        case (.classTokenAndAverage, 2...): type = .dinov2WithRegisters
        case (.average, _):
            throw stage.fault("its head reads the average of the patches", remedy: remedy)
        case (let pooling, let tokens):
            throw stage.fault(
                "it has \(tokens) tokens before the patches, and its pooling is \(pooling.rawValue)",
                remedy: pooling == .classToken && tokens > 2 ? remedy : "export it by --to onnx")
        }
        guard !network.normalizesEmbedding else {
            throw stage.fault("a LayerNorm follows its embedding", remedy: remedy)
        }
        guard !network.normalizesPooled || type == .vit || type == .deit else {
            throw stage.fault("its last LayerNorm joins two rows")
        }
        guard !type.isDINOv2 || network.mlpWidth % network.width == 0 else {
            throw stage.fault(
                "its MLP's width of \(network.mlpWidth) is no multiple of \(network.width)")
        }
        switch network.activation {
        case .gelu: activation = "gelu"
        case .geluTanh: activation = "gelu_pytorch_tanh"
        case .quickGELU: activation = "quick_gelu"
        case .identity: throw stage.fault("its MLPs have no activation")
        }
    }

    /// The text of `config.json`.
    var description: JSONValue {
        var members: [(key: String, value: JSONValue)] = [
            ("architectures", [.string(type.modelClass)]), ("model_type", .string(type.key)),
            ("hidden_size", .int(network.width)), ("num_hidden_layers", .int(network.depth)),
            ("num_attention_heads", .int(network.heads)),
            (
                type.isDINOv2 ? "mlp_ratio" : "intermediate_size",
                .int(type.isDINOv2 ? network.mlpWidth / network.width : network.mlpWidth)
            ),
            ("hidden_act", .string(activation)),
            ("layer_norm_eps", .float(network.layerNormEpsilon)),
            ("image_size", .int(network.imageSize)), ("patch_size", .int(network.patch.kernel)),
            ("num_channels", .int(network.channels)), ("qkv_bias", .bool(network.hasQKVBias)),
        ]
        if type == .dinov2WithRegisters {
            members.append(("num_register_tokens", .int(stage.prefixTokens - 1)))
        }
        return .object(members + labels)
    }

    /// The names of the classes, in both directions; of equal names, the last is that of a class.
    private var labels: [(key: String, value: JSONValue)] {
        let names = stage.model.classNames ?? (0..<network.classes).map { "LABEL_\($0)" }
        let last = Dictionary(names.enumerated().map { ($0.element, $0.offset) }) { max($0, $1) }
        let numbers = names.enumerated().filter { last[$0.element] == $0.offset }
        return [
            ("id2label", .object(names.enumerated().map { ("\($0.offset)", .string($0.element)) })),
            ("label2id", .object(numbers.map { ($0.element, .int($0.offset)) })),
        ]
    }

    /// The text of `preprocessor_config.json`.
    func preprocessor() throws -> JSONValue {
        let normalization = stage.model.card.normalization
        let side = network.imageSize
        let resized = Int(Double(side) / normalization.cropFraction)
        let square: (Int) -> JSONValue = { ["height": .int($0), "width": .int($0)] }
        var members: [(key: String, value: JSONValue)]
        switch normalization.crop {
        case .center:
            members = [
                ("image_processor_type", "BitImageProcessor"),
                ("size", ["shortest_edge": .int(resized)]), ("do_center_crop", true),
                ("crop_size", square(side)), ("do_convert_rgb", true),
            ]
        case .squash where resized > side:
            members = [
                ("image_processor_type", "DeiTImageProcessor"), ("size", square(resized)),
                ("do_center_crop", true), ("crop_size", square(side)),
            ]
        case .squash, .none:
            members = [("image_processor_type", "ViTImageProcessor"), ("size", square(side))]
        case .pad:
            throw stage.fault(
                "its images are padded to squares, which no image processor does",
                remedy: "export it by --to timm or --to onnx")
        }
        return .object(
            members + [
                ("do_resize", true),
                ("resample", normalization.interpolation == .bicubic ? 3 : 2),
                ("do_rescale", true), ("rescale_factor", .double(1 / 255.0)),
                ("do_normalize", true), ("image_mean", .color(normalization.mean)),
                ("image_std", .color(normalization.standardDeviation)),
            ])
    }

    /// transformers' tensors of a parameter.
    func tensors(_ parameter: ParameterSpecification) -> [PretrainedTensor] {
        let prefix = "\(type.key).embeddings."
        switch parameter.name {
        case "cls_token":
            let first = stage.tokens(parameter, named: prefix + "cls_token", 0..<1)
            switch type {
            case .vit, .dinov2: return [first]
            case .deit, .deitWithTeacher:
                return [
                    first, stage.tokens(parameter, named: prefix + "distillation_token", 1..<2),
                ]
            case .dinov2WithRegisters: return [first, registers(parameter)]
            }
        case "pos_embed" where type == .dinov2WithRegisters: return [positions(parameter)]
        case "head.weight" where type == .deitWithTeacher,
            "head.bias" where type == .deitWithTeacher:
            return stage.heads(
                parameter, named: ["cls_classifier", "distillation_classifier"])
        default:
            let naming: ParameterNaming = type.isDINOv2 ? .huggingFaceDINOv2 : .huggingFace
            let stored = naming.storedTensors(parameter, stages: 1)
            let rows = parameter.shape[0] / stored.count
            return stored.enumerated().map { index, part in
                let name = parameter.role.isHead ? part.name : "\(type.key).\(part.name)"
                return stored.count == 1
                    ? stage.tensor(parameter, named: name)
                    : stage.tensor(parameter, named: name, rows: index * rows..<(index + 1) * rows)
            }
        }
    }

    /// Registers have no positions there, so theirs are added to the tokens.
    private func registers(_ parameter: ParameterSpecification) -> PretrainedTensor {
        let (count, width) = (stage.prefixTokens, network.width)
        return PretrainedTensor(
            name: "\(type.key).embeddings.register_tokens", shape: [1, count - 1, width]
        ) {
            let range = width..<count * width
            let positions = try stage.values(named: "pos_embed")
            return zip(try stage.values(parameter)[range], positions[range]).map { $0 + $1 }
        }
    }

    /// The positions of the class token and the patches.
    private func positions(_ parameter: ParameterSpecification) -> PretrainedTensor {
        let (count, width) = (stage.prefixTokens, network.width)
        return PretrainedTensor(
            name: "\(type.key).embeddings.position_embeddings",
            shape: [1, network.tokens - count + 1, width]
        ) {
            let values = try stage.values(parameter)
            return Array(values[..<width] + values[(count * width)...])
        }
    }

    /// DINOv2's LayerScale, which is part of the layer before it here, and its token of masked
    /// training.
    var unusedTensors: [PretrainedTensor] {
        guard type.isDINOv2 else { return [] }
        let width = network.width
        let scales = (0..<network.depth).flatMap { block in
            [1, 2].map { index in
                PretrainedTensor.constant(
                    "\(type.key).encoder.layer.\(block).layer_scale\(index).lambda1", [width], 1)
            }
        }
        return scales + [.constant("\(type.key).embeddings.mask_token", [1, width], 0)]
    }
}

import DVTCore
internal import DVTModel
import DVTSupport

extension PretrainedNetwork {
    /// A stage as timm's `save_for_hf` writes a `VisionTransformer`.
    ///
    /// - Parameter stage: the stage.
    /// - Returns: the network.
    /// - Throws: ``ExportError/inexpressible(stage:target:reason:remedy:)`` if timm has no such
    ///   network.
    static func timm(_ stage: StageParameters) throws -> Self {
        let architecture = try TimmExport(stage)
        return Self(
            descriptions: [("config.json", architecture.description)],
            tensors: stage.specifications.flatMap(architecture.tensors),
            summary: "\(architecture.name) of timm")
    }
}

/// A stage in timm's terms: an architecture, and the arguments that differ from its own.
private struct TimmExport {
    let name: String
    private let stage: StageParameters
    private let base: Architecture
    private let isDistilled: Bool

    private var network: VisionTransformerConfiguration { stage.network }

    /// The sizes of an architecture with patches of 16 pixels.
    private struct Architecture {
        let name: String
        var width = 768
        var depth = 12
        var heads = 12
        var hasNormBefore = false
    }

    private static let architectures = [
        Architecture(name: "vit_tiny_patch16_224", width: 192, heads: 3),
        Architecture(name: "vit_small_patch16_224", width: 384, heads: 6),
        Architecture(name: "vit_base_patch16_224"),
        Architecture(name: "vit_large_patch16_224", width: 1024, depth: 24, heads: 16),
    ]

    init(_ stage: StageParameters) throws {
        self.stage = stage
        let network = stage.network
        isDistilled = network.pooling == .classAndDistillationTokens
        try Self.check(stage)
        // An epsilon is no argument that a file can give; CLIP's towers have another one.
        switch network.layerNormEpsilon {
        case 1e-6 where isDistilled:
            base = Architecture(name: "deit_base_distilled_patch16_224")
        case 1e-6:
            base =
                Self.architectures.first {
                    ($0.width, $0.depth, $0.heads)
                        == (network.width, network.depth, network.heads)
                } ?? Architecture(name: "vit_base_patch16_224")
        case 1e-5 where !isDistilled:
            base = Architecture(name: "vit_base_patch16_clip_224", hasNormBefore: true)
        case let epsilon:
            let known = isDistilled ? "1e-6" : "1e-5 or 1e-6"
            throw stage.fault(
                "its LayerNorm epsilon is \(epsilon), and timm's \(known)",
                remedy: "export it by --to transformers or --to onnx")
        }
        name = base.name
    }

    private static func check(_ stage: StageParameters) throws {
        let network = stage.network
        switch network.pooling {
        case .classTokenAndAverage:
            throw stage.fault(
                "its head reads the class token and the average of the patches",
                remedy: "export it by --to transformers or --to onnx")
        case .classAndDistillationTokens where network.prefixTokens != 2:
            throw stage.fault("its two heads come with \(network.prefixTokens) tokens, not 2")
        case .classAndDistillationTokens where network.normalizesPooled:
            throw stage.fault("its last LayerNorm joins two tokens")
        case .attention: throw stage.fault("its pooling is the attention of a learned query")
        case .classToken where network.prefixTokens == 0:
            throw stage.fault("its head reads the first patch, because there is no class token")
        default: break
        }
        if network.activation == .identity {
            throw stage.fault("its MLPs have no activation")
        }
    }

    /// The text of `config.json`.
    var description: JSONValue {
        let card = stage.model.card
        var members: [(key: String, value: JSONValue)] = [
            ("architecture", .string(name)), ("num_classes", .int(network.classes)),
            ("num_features", .int(network.width)), ("global_pool", .string(pooling)),
        ]
        if let names = stage.model.classNames {
            members.append(("label_names", .array(names.map(JSONValue.string))))
        }
        members.append(("model_args", .object(arguments)))
        members.append(("pretrained_cfg", pretrained(card.normalization)))
        return .object(members)
    }

    private var pooling: String { network.pooling == .average ? "avg" : "token" }

    /// The arguments that differ from the architecture's.
    private var arguments: [(key: String, value: JSONValue)] {
        let candidates: [(key: String, value: JSONValue, isUsual: Bool)] = [
            ("img_size", .int(network.imageSize), network.imageSize == 224),
            ("patch_size", .int(network.patch.kernel), network.patch.kernel == 16),
            ("in_chans", .int(network.channels), network.channels == 3),
            ("embed_dim", .int(network.width), network.width == base.width),
            ("depth", .int(network.depth), network.depth == base.depth),
            ("num_heads", .int(network.heads), network.heads == base.heads),
            ("mlp_ratio", .double(mlpRatio), mlpRatio == 4),
            ("qkv_bias", .bool(network.hasQKVBias), network.hasQKVBias),
            (
                "pre_norm", .bool(network.normalizesEmbedding),
                network.normalizesEmbedding == base.hasNormBefore
            ),
            ("class_token", .bool(stage.prefixTokens > 0), stage.prefixTokens > 0),
            ("reg_tokens", .int(registers), registers == 0),
            ("global_pool", .string(pooling), pooling == "token"),
            (
                "fc_norm", .bool(network.normalizesPooled),
                pooling == "token" || network.normalizesPooled
            ),
            ("act_layer", .string(activation), network.activation == .gelu),
        ]
        return candidates.filter { !$0.isUsual }.map { ($0.key, $0.value) }
    }

    private var registers: Int { isDistilled ? 0 : max(stage.prefixTokens - 1, 0) }

    private var activation: String {
        switch network.activation {
        case .geluTanh: "gelu_tanh"
        case .quickGELU: "quick_gelu"
        case .gelu, .identity: "gelu"
        }
    }

    /// The ratio whose product with the width timm rounds down to the MLP's width.
    private var mlpRatio: Double {
        let ratio = Double(network.mlpWidth) / Double(network.width)
        return ratio * Double(network.width) < Double(network.mlpWidth) ? ratio.nextUp : ratio
    }

    private func pretrained(_ normalization: ImageNormalization) -> JSONValue {
        let side = JSONValue.int(network.imageSize)
        let mode =
            switch normalization.crop {
            case .center: "center"
            case .squash, .none: "squash"
            case .pad: "border"
            }
        return [
            "input_size": [.int(network.channels), side, side], "fixed_input_size": true,
            "interpolation": .string(normalization.interpolation.rawValue),
            "crop_pct": .double(normalization.crop == .none ? 1 : normalization.cropFraction),
            "crop_mode": .string(mode), "mean": .color(normalization.mean),
            "std": .color(normalization.standardDeviation),
            "num_classes": .int(network.classes), "first_conv": "patch_embed.proj",
            "classifier": isDistilled ? ["head", "head_dist"] : "head", "custom_load": false,
        ]
    }

    /// timm's tensors of a parameter.
    func tensors(_ parameter: ParameterSpecification) -> [PretrainedTensor] {
        let name = parameter.name
        switch name {
        case "cls_token":
            let first = stage.tokens(parameter, named: name, 0..<1)
            guard parameter.shape[1] > 1 else { return [first] }
            let other = isDistilled ? "dist_token" : "reg_token"
            return [first, stage.tokens(parameter, named: other, 1..<parameter.shape[1])]
        case "pos_embed" where network.normalizesEmbedding:
            return [positionsWithBias(parameter)]
        // timm's patches have no bias where a LayerNorm follows the embedding.
        case "patch_embed.proj.bias" where network.normalizesEmbedding: return []
        case "norm.weight" where normalizesPooled, "norm.bias" where normalizesPooled:
            return [stage.tensor(parameter, named: "fc_" + name)]
        case "head.weight" where isDistilled, "head.bias" where isDistilled:
            return stage.heads(parameter, named: ["head", "head_dist"])
        default: return [stage.tensor(parameter, named: name)]
        }
    }

    /// Whether timm names the last LayerNorm by its place after the pooling.
    private var normalizesPooled: Bool { network.normalizesPooled && pooling == "avg" }

    /// Positions to which the bias of the patches is added.
    private func positionsWithBias(_ parameter: ParameterSpecification) -> PretrainedTensor {
        let start = stage.prefixTokens * network.width
        return PretrainedTensor(name: parameter.name, shape: parameter.shape) {
            var values = try stage.values(parameter)
            let bias = try stage.values(named: "patch_embed.proj.bias")
            for index in start..<values.count {
                values[index] += bias[(index - start) % bias.count]
            }
            return values
        }
    }
}

extension JSONValue {
    /// Red, green and blue.
    static func color(_ value: SIMD3<Float>) -> JSONValue {
        .array((0..<3).map { .float(value[$0]) })
    }
}

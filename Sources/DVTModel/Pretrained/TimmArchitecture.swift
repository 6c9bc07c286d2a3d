internal import DVTCore
import DVTSupport

/// A Vision Transformer of timm: the arguments of its class, by an architecture's name or as given.
struct TimmArchitecture {
    /// The network so far.
    var stage: VisionTransformerConfiguration
    private var hasClassToken = true
    private var isDistilled = false
    private var registers = 0
    private var mlpRatio = 4.0
    /// `token`, `avg`, `map` or an empty text.
    private var globalPool = "token"

    /// The network of an architecture.
    ///
    /// A name states the family, size, patch and, last, the image size, in between variants:
    /// `vit_base_patch16_224`, `vit_small_patch14_reg4_dinov2`, `deit3_small_patch16_384`,
    /// `vit_base_patch16_clip_quickgelu_224`, `vit_tiny_patch16_gap_256`. What follows a period is
    /// the name of weights.
    ///
    /// - Parameter name: the name; nil is returned for any that this package does not have.
    init?(_ name: String) {
        let parts = (name.split(separator: ".").first ?? "").split(separator: "_").map(String.init)
        guard parts.count >= 3, ["vit", "deit", "deit3"].contains(parts[0]),
            let size = Self.sizes[parts[1]]
        else { return nil }
        stage = VisionTransformerConfiguration(
            patch: PatchGeometry(kernel: 16), width: size.width, depth: size.depth,
            heads: size.heads)
        if parts[1] == "so400m" { mlpRatio = 3.7362 }
        for part in parts.dropFirst(2) {
            guard read(variant: part) else { return nil }
        }
    }

    private static let sizes = [
        "tiny": (width: 192, depth: 12, heads: 3), "small": (width: 384, depth: 12, heads: 6),
        "medium": (width: 512, depth: 12, heads: 8), "base": (width: 768, depth: 12, heads: 12),
        // "Shape-optimized".
        "so400m": (width: 1152, depth: 27, heads: 16),
        "large": (width: 1024, depth: 24, heads: 16), "huge": (width: 1280, depth: 32, heads: 16),
    ]

    /// Reads a part of a name; false if it is unknown.
    private mutating func read(variant part: String) -> Bool {
        if let size = Int(part), (1...1024).contains(size) {
            stage.imageSize = size
            return true
        }
        if part.hasPrefix("patch"), let side = Int(part.dropFirst(5)), (1...64).contains(side) {
            stage.patch = PatchGeometry(kernel: side)
            return true
        }
        if part.hasPrefix("reg"), let count = Int(part.dropFirst(3)), (1...16).contains(count) {
            registers = count
            return true
        }
        switch part {
        case "dinov2": stage.imageSize = 518
        case "distilled": isDistilled = true
        case "clip":
            stage.normalizesEmbedding = true
            stage.layerNormEpsilon = 1e-5
        case "quickgelu": stage.activation = .quickGELU
        case "siglip": (hasClassToken, globalPool) = (false, "map")
        case "gap": (hasClassToken, globalPool) = (false, "avg")
        default: return false
        }
        return true
    }

    /// Reads the arguments that differ from the architecture's.
    ///
    /// Arguments of training, such as dropout, and those whose effect the checkpoint shows, such as
    /// LayerScale's initial value, biases and the place of the last LayerNorm, are ignored; others
    /// that change the network are refused.
    ///
    /// - Parameter arguments: `model_args`.
    /// - Throws: an error that names the argument.
    mutating func read(_ arguments: inout DescriptionReader) throws {
        stage.imageSize = try arguments.squareSide("img_size") ?? stage.imageSize
        stage.channels = try arguments.int("in_chans") ?? stage.channels
        if let side = try arguments.squareSide("patch_size") {
            stage.patch = PatchGeometry(kernel: side)
        }
        stage.width = try arguments.int("embed_dim") ?? stage.width
        stage.depth = try arguments.int("depth") ?? stage.depth
        stage.heads = try arguments.int("num_heads") ?? stage.heads
        if let ratio = try arguments.number("mlp_ratio") {
            guard (0.01...64).contains(ratio) else {
                throw arguments.fault("mlp_ratio", "is \(ratio), and it takes 0.01 to 64")
            }
            mlpRatio = ratio
        }
        hasClassToken = try arguments.bool("class_token") ?? hasClassToken
        registers = try arguments.int("reg_tokens") ?? registers
        stage.normalizesEmbedding = try arguments.bool("pre_norm") ?? stage.normalizesEmbedding
        if let pooling = try arguments.string("global_pool") {
            try setPooling(pooling) { arguments.fault("global_pool", $0) }
        }
        switch try arguments.string("act_layer") {
        case nil: break
        case "gelu": stage.activation = .gelu
        case "gelu_tanh": stage.activation = .geluTanh
        case "quick_gelu": stage.activation = .quickGELU
        case .some(let name):
            throw arguments.fault(
                "act_layer", "is \(quoted(name)), and dvt takes gelu, gelu_tanh, quick_gelu")
        }
        for key in ["qk_norm", "scale_attn_norm", "scale_mlp_norm", "dynamic_img_pad"] {
            try arguments.require(key, [false])
        }
        try arguments.require("final_norm", [true])
        try arguments.require("pos_embed", ["learn"])
        for key in Self.ignored { _ = arguments.value(key) }
        try arguments.finish()
    }

    /// Arguments without an effect on the outputs, or whose effect the checkpoint shows.
    private static let ignored = [
        "attn_drop_rate", "drop_path_rate", "drop_rate", "dynamic_img_size", "fc_norm", "fix_init",
        "init_values", "no_embed_class", "num_classes", "patch_drop_rate", "pos_drop_rate",
        "proj_drop_rate", "qkv_bias", "weight_init",
    ]

    /// Sets timm's `global_pool`.
    ///
    /// - Parameters:
    ///   - name: its value.
    ///   - fault: makes the error for another value.
    /// - Throws: that error.
    mutating func setPooling(_ name: String, fault: (String) -> any Error) throws {
        guard ["token", "avg", "map", ""].contains(name) else {
            throw fault("is \(quoted(name)), and dvt takes token, avg or map")
        }
        globalPool = name
    }

    /// The network.
    func finished() -> VisionTransformerConfiguration {
        var stage = stage
        stage.mlpWidth = Int(Double(stage.width) * mlpRatio)
        stage.prefixTokens = (hasClassToken ? 1 : 0) + (isDistilled ? 1 : 0) + registers
        stage.pooling =
            switch globalPool {
            case "avg": .average
            case "map": .attention
            default: isDistilled ? .classAndDistillationTokens : .classToken
            }
        return stage
    }
}

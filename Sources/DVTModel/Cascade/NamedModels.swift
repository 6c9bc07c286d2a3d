internal import DVTCore
import DVTSupport

extension CascadeConfiguration {
    /// The names of the released models, for ``named(_:)``.
    public static let names = [
        "deit-tiny", "deit-small", "deit-base", "t2t-vit-7", "t2t-vit-10", "t2t-vit-12",
        "t2t-vit-14", "t2t-vit-19", "t2t-vit-24", "dvt-deit-small", "dvt-t2t-vit-12",
        "dvt-t2t-vit-14", "mindspore-dvt-deit-small", "tiny-deit", "tiny-t2t",
        "tiny-t2t-transformer", "mindspore-tiny",
    ]

    /// A released model's configuration.
    ///
    /// Case does not matter, nor whether words are joined by hyphens or underscores, so the authors'
    /// names are among these: `DVT_T2t_vit_12`, `DVT_Deit_small`.
    ///
    /// - Parameter name: one of ``names``, or the name of a plain ViT or DeiT in timm or on the
    ///   Hugging Face Hub, see ``VisionTransformerConfiguration/plain(_:)``.
    /// - Returns: the configuration.
    /// - Throws: ``ModelError/unknownModel(name:known:)`` if no model has this name.
    public static func named(_ name: String) throws -> Self {
        let given = name
        let name = canonical(name)
        return switch name {
        case "deit-tiny": try Self([.deitTiny(patch: 16)], name: name)
        case "deit-small": try Self([.deitSmall(patch: 16)], name: name)
        case "deit-base": try Self([.deitBase(patch: 16)], name: name)
        case "dvt-deit-small":
            try Self([32, 23, 16].map { .deitSmall(patch: $0) }, name: name)
        case "tiny-deit":
            try Self([32, 23, 16].map(tinyStage), name: name)
        case "tiny-t2t": try Self(tinyTokensToToken(.performer), name: name)
        case "tiny-t2t-transformer": try Self(tinyTokensToToken(.transformer), name: name)
        case "dvt-t2t-vit-12", "dvt-t2t-vit-14":
            try Self([7, 10, 14].compactMap { t2tViT(name, grid: $0) }, name: name)
        case _ where name.hasPrefix("t2t-vit-") && names.contains(name):
            try Self([t2tViT(name, grid: 14)].compactMap { $0 }, name: name)
        case "mindspore-dvt-deit-small":
            try mindSpore(name, width: 384, depth: 12, heads: 6, mlpWidth: 1536, classes: 1001)
        case "mindspore-tiny":
            try mindSpore(name, width: 64, depth: 2, heads: 2, mlpWidth: 128, classes: 11)
        case _ where VisionTransformerConfiguration.plain(name) != nil:
            try Self([.plain(name)].compactMap { $0 }, name: name)
        default: throw ModelError.unknownModel(name: given, known: names)
        }
    }

    /// The spelling in ``names`` of a model's name, or that of timm in lower case.
    ///
    /// - Parameter name: the name in any spelling.
    /// - Returns: the name; unchanged if there is no such model.
    static func canonical(_ name: String) -> String {
        let plain = name.lowercased()
        let ours = String(plain.map { $0 == "_" ? "-" : $0 })
        if names.contains(ours) { return ours }
        let isPlain =
            VisionTransformerConfiguration.plain(name) == nil
            && VisionTransformerConfiguration.plain(plain) != nil
        return isPlain ? plain : name
    }

    /// A question that names the models whose names are the nearest.
    ///
    /// - Parameters:
    ///   - name: the name of no model.
    ///   - known: the names of models.
    /// - Returns: a clause such as `did you mean deit-tiny?`, or nil if no name is near.
    static func suggestion(for name: String, among known: [String]) -> String? {
        let plain = ["tiny", "small", "base", "large"].flatMap { size in
            [16, 32].flatMap { patch in
                [224, 384].map { "vit_\(size)_patch\(patch)_\($0)" }
            } + ["deit_\(size)_patch16_224"]
        }
        let hyphenated = String(name.map { $0 == "_" ? "-" : $0 })
        return DVTSupport.suggestion(for: name, among: plain)
            ?? DVTSupport.suggestion(for: hyphenated, among: known)
    }

    /// A stage of a tiny model that is fast and exercises every path of the large models.
    private static func tinyStage(patch: Int) -> VisionTransformerConfiguration {
        VisionTransformerConfiguration(
            patch: .covering(224, patch: patch), width: 64, depth: 2, heads: 2, classes: 10)
    }

    /// The two stages of the MindSpore model.
    private static func mindSpore(
        _ name: String, width: Int, depth: Int, heads: Int, mlpWidth: Int, classes: Int
    ) throws -> Self {
        let stages = [32, 16].map { patch in
            var stage = VisionTransformerConfiguration(
                patch: .covering(224, patch: patch), width: width, depth: depth, heads: heads,
                mlpWidth: mlpWidth, classes: classes)
            stage.layerNormEpsilon = 1e-7
            stage.activation = .geluTanh
            return stage
        }
        return try Self(
            stages, name: name, normalizesReusedFeatures: false, naming: .mindSpore)
    }

    private static func tinyTokensToToken(
        _ tokenizer: Tokenizer
    ) -> [VisionTransformerConfiguration] {
        [7, 10, 14].map {
            .tokensToToken(
                grid: $0, width: 64, depth: 2, heads: 2, mlpRatio: 2, classes: 10,
                tokenizer: tokenizer)
        }
    }

    /// The stage of a T2T-ViT, whose name ends with its number of blocks, or nil.
    private static func t2tViT(_ name: String, grid: Int) -> VisionTransformerConfiguration? {
        let sizes: [Int: (width: Int, heads: Int, mlpRatio: Int)] = [
            7: (256, 4, 2), 10: (256, 4, 2), 12: (256, 4, 2), 14: (384, 6, 3), 19: (448, 7, 3),
            24: (512, 8, 3),
        ]
        guard let depth = name.split(separator: "-").last.flatMap({ Int($0) }),
            let size = sizes[depth]
        else { return nil }
        return .tokensToToken(
            grid: grid, width: size.width, depth: depth, heads: size.heads,
            mlpRatio: size.mlpRatio)
    }
}

public import DVTCore

/// The configuration of one Vision Transformer: a stage of a cascade or a standalone model.
public struct VisionTransformerConfiguration: Hashable, Sendable {
    /// How the image is split into patches; in a Tokens-to-Token ViT, the first soft split.
    public var patch: PatchGeometry
    /// The module that converts patches to tokens.
    public var tokenizer = Tokenizer.linear
    /// The side of the square image in pixels.
    public var imageSize = 224
    /// The number of image channels.
    public var channels = 3
    /// The width D of a token.
    public var width: Int
    /// The number L of blocks.
    public var depth: Int
    /// The number H of attention heads; it divides `width`.
    public var heads: Int
    /// The hidden width of a block's MLP.
    public var mlpWidth: Int
    /// Whether the linear layer that computes q, k and v has a bias.
    public var hasQKVBias = true
    /// The epsilon added to the variance in every LayerNorm.
    public var layerNormEpsilon: Float = 1e-6
    /// The GELU of every MLP, including the reuse MLPs.
    public var activation = Activation.gelu
    /// The tokens P before the patches that all images share: the class token, a distillation
    /// token, registers.
    public var prefixTokens = 1
    /// Whether a LayerNorm follows the embedding, as in CLIP.
    public var normalizesEmbedding = false
    /// How the tokens become one row of features.
    public var pooling = Pooling.classToken
    /// Whether the last LayerNorm normalizes the pooled features instead of every token; both are
    /// the same for the class token.
    public var normalizesPooled = false
    /// The number of classes.
    public var classes: Int

    /// Creates a DeiT of any size.
    ///
    /// - Parameters:
    ///   - patch: how the image is split into patches.
    ///   - width: D.
    ///   - depth: L.
    ///   - heads: H.
    ///   - mlpWidth: the hidden width of the MLP; nil means 4 D.
    ///   - classes: the number of classes.
    public init(
        patch: PatchGeometry, width: Int, depth: Int, heads: Int, mlpWidth: Int? = nil,
        classes: Int = 1000
    ) {
        self.patch = patch
        self.width = width
        self.depth = depth
        self.heads = heads
        self.mlpWidth = mlpWidth ?? 4 * width
        self.classes = classes
    }

    /// The side g of the token grid.
    public var grid: Int {
        let first = patch.gridSize(imageSize: imageSize)
        guard tokenizer != .linear else { return first }
        let split = TokensToTokenConfiguration.nextSplit
        return split.gridSize(imageSize: split.gridSize(imageSize: first))
    }
    /// The number of tokens T = P + g * g.
    public var tokens: Int { prefixTokens + grid * grid }
    /// The width of the features that the head reads, D or 2 D.
    public var featureWidth: Int { tokenPooling.rows * width }
    /// The width d = D / H of one head.
    public var headWidth: Int { width / heads }
}

/// How the tokens of the last block become the features that the head reads.
public enum Pooling: String, Sendable, CaseIterable {
    /// The first token's row.
    case classToken = "class-token"
    /// The rows of the first two tokens, side by side: a distilled DeiT averages two heads.
    case classAndDistillationTokens = "class-and-distillation-tokens"
    /// The average of the patches' rows.
    case average
    /// The first token's row, followed by the average of the patches' rows, as in DINOv2.
    case classTokenAndAverage = "class-token-and-average"
    /// The attention of a learned query over all tokens, and an MLP, as in SigLIP.
    case attention
}

extension VisionTransformerConfiguration {
    /// ``pooling``, by the indices of tokens; for attention, whose result has as many columns, the
    /// average.
    package var tokenPooling: TokenPooling {
        switch pooling {
        case .classToken: .classToken
        case .classAndDistillationTokens: TokenPooling(first: 2)
        case .average, .attention: TokenPooling(first: 0, averagedFrom: prefixTokens)
        case .classTokenAndAverage: TokenPooling(first: 1, averagedFrom: prefixTokens)
        }
    }

    /// DeiT-tiny: D 192, 12 blocks, 3 heads.
    ///
    /// - Parameter patch: the side of a patch; the image is padded to whole patches.
    /// - Returns: the configuration for 224 x 224 images and 1000 classes.
    public static func deitTiny(patch: Int) -> Self {
        Self(patch: .covering(224, patch: patch), width: 192, depth: 12, heads: 3)
    }

    /// DeiT-small: D 384, 12 blocks, 6 heads.
    ///
    /// - Parameter patch: the side of a patch; the image is padded to whole patches.
    /// - Returns: the configuration for 224 x 224 images and 1000 classes.
    public static func deitSmall(patch: Int) -> Self {
        Self(patch: .covering(224, patch: patch), width: 384, depth: 12, heads: 6)
    }

    /// DeiT-base: D 768, 12 blocks, 12 heads.
    ///
    /// - Parameter patch: the side of a patch; the image is padded to whole patches.
    /// - Returns: the configuration for 224 x 224 images and 1000 classes.
    public static func deitBase(patch: Int) -> Self {
        Self(patch: .covering(224, patch: patch), width: 768, depth: 12, heads: 12)
    }
}

extension PatchGeometry {
    /// Whole patches that cover an image, which is padded equally on all sides if necessary.
    ///
    /// At 224 pixels, patches of 16, 32 or 56 pixels need no padding and patches of 23 a padding of
    /// 3, as in the paper's stages.
    ///
    /// - Parameters:
    ///   - imageSize: the side of the image in pixels.
    ///   - patch: the side of a patch and the step between patches.
    /// - Returns: the geometry with the least padding.
    public static func covering(_ imageSize: Int, patch: Int) -> Self {
        guard patch > 0 else { return Self(kernel: patch) }
        let missing = (patch - imageSize % patch) % patch
        return Self(kernel: patch, padding: (missing + 1) / 2)
    }
}

internal import DVTCore

/// The module that converts an image's patches to tokens.
public enum Tokenizer: String, Hashable, Sendable, CaseIterable {
    /// One linear layer, as in DeiT.
    case linear
    /// Tokens-to-Token with performer attention, as in the released T2T-ViTs.
    case performer
    /// Tokens-to-Token with softmax attention.
    case transformer
}

/// The sizes that all Tokens-to-Token tokenizers share.
enum TokensToTokenConfiguration {
    /// The second and third soft splits.
    static let nextSplit = PatchGeometry(kernel: 3, stride: 2, padding: 1)
    /// The width of a token between the splits, and of the MLP there.
    static let width = 64
    /// The number of random features of a performer.
    static let features = 32
    /// The width of the rows after the second and third splits.
    static let splitWidth = width * 9
}

extension VisionTransformerConfiguration {
    /// The side of the token grid at each of the tokenizer's two attention layers.
    package var tokenizerGrids: [Int] {
        let first = patch.gridSize(imageSize: imageSize)
        return [first, TokensToTokenConfiguration.nextSplit.gridSize(imageSize: first)]
    }

    /// The side, in pixels, of the window that a token is computed from, attention aside.
    package var tokenWindow: Int {
        guard tokenizer != .linear else { return patch.kernel }
        // Each soft split after the first widens the window by its own steps.
        let next = TokensToTokenConfiguration.nextSplit
        let steps = (next.kernel - 1) * (1 + next.stride)
        return patch.kernel + steps * patch.stride
    }

    /// Whether the windows of neighboring tokens overlap.
    package var tokensOverlap: Bool { tokenizer != .linear || patch.kernel > patch.stride }

    /// The input width of each of the tokenizer's two attention layers.
    package var tokenizerInputs: [Int] {
        [channels * patch.kernel * patch.kernel, TokensToTokenConfiguration.splitWidth]
    }

    /// The configuration of a Tokens-to-Token ViT.
    ///
    /// - Parameters:
    ///   - grid: the side of the token grid: 7, 10 or 14.
    ///   - width: D.
    ///   - depth: L.
    ///   - heads: H.
    ///   - mlpRatio: the MLP's hidden width as a multiple of D.
    ///   - classes: the number of classes.
    ///   - tokenizer: the kind of attention in the tokenizer.
    /// - Returns: the configuration for 224 x 224 images.
    public static func tokensToToken(
        grid: Int, width: Int, depth: Int, heads: Int, mlpRatio: Int, classes: Int = 1000,
        tokenizer: Tokenizer = .performer
    ) -> Self {
        var stage = Self(
            patch: .softSplit(grid: grid), width: width, depth: depth, heads: heads,
            mlpWidth: mlpRatio * width,
            classes: classes)
        stage.tokenizer = tokenizer
        stage.hasQKVBias = false
        stage.layerNormEpsilon = 1e-5
        return stage
    }
}

extension PatchGeometry {
    /// The first soft split of a Tokens-to-Token ViT for 224 x 224 images, as in the paper.
    ///
    /// - Parameter grid: the side of the token grid: 7, 10 or 14.
    /// - Returns: the split.
    static func softSplit(grid: Int) -> Self {
        switch grid {
        case ...7: Self(kernel: 14, stride: 8, padding: 3)
        case ...10: Self(kernel: 11, stride: 6, padding: 5)
        default: Self(kernel: 7, stride: 4, padding: 2)
        }
    }
}

internal import DVTCore

/// The Tokens-to-Token module: soft splits with an attention layer between consecutive splits.
///
/// - SeeAlso: Yuan et al., Tokens-to-Token ViT: Training Vision Transformers from Scratch on
///   ImageNet, <https://arxiv.org/abs/2101.11986>.
struct TokensToToken<B: Backend> {
    private let firstSplit: PatchGeometry
    private let attentions: [TokenAttention<B>]
    private let projection: B.LinearLayer

    init(_ parameters: ParameterBuilder<B>, _ stage: VisionTransformerConfiguration) throws {
        firstSplit = stage.patch
        let kind = stage.tokenizer == .performer ? "performer" : "attention"
        attentions = try stage.tokenizerInputs.enumerated().map { index, inputs in
            try TokenAttention(
                parameters.scoped("\(kind)\(index + 1)"), stage, inputs: inputs)
        }
        projection = try parameters.linear(
            "project", from: TokensToTokenConfiguration.splitWidth, to: stage.width)
    }

    /// Maps images `[B, C, S, S]` to tokens `[B, N, D]`.
    func callAsFunction(_ images: B.DeviceTensor, on backend: B) throws -> B.DeviceTensor {
        var columns = try backend.softSplit(images, geometry: firstSplit)
        for attention in attentions {
            let tokens = try attention(columns, on: backend)
            columns = try backend.softSplit(
                tokens, geometry: TokensToTokenConfiguration.nextSplit)
        }
        return try backend.linear(columns, projection, activation: .identity, residual: nil)
    }
}

/// One attention layer of the tokenizer, which reduces its rows to the width of the values:
/// `y = v + proj(attention(LN1(x)))`, then `y + MLP(LN2(y))`.
struct TokenAttention<B: Backend> {
    private let norm1: LayerNormParameters<B.DeviceTensor>
    /// A performer's random features, or nil for softmax attention.
    private let features: B.LinearLayer?
    private let qkv: B.LinearLayer
    private let scale: Float
    private let projection: B.LinearLayer
    private let norm2: LayerNormParameters<B.DeviceTensor>
    private let mlp: MLP<B>

    init(
        _ parameters: ParameterBuilder<B>, _ stage: VisionTransformerConfiguration, inputs: Int
    ) throws {
        let width = TokensToTokenConfiguration.width
        let epsilon = stage.layerNormEpsilon
        norm1 = try parameters.norm("norm1", inputs, epsilon: epsilon)
        switch stage.tokenizer {
        case .performer:
            features = try parameters.backend.makeLinear(
                LinearParameters(
                    weight: parameters.tensor(
                        "w", [TokensToTokenConfiguration.features, width], .randomFeatures),
                    bias: nil))
            qkv = try parameters.linear(
                "kqv", from: inputs, to: 3 * width, weight: .performerWeight)
            projection = try parameters.linear("proj", from: width, to: width)
        case .transformer, .linear:
            features = nil
            qkv = try parameters.linear("attn.qkv", from: inputs, to: 3 * width, hasBias: false)
            projection = try parameters.linear("attn.proj", from: width, to: width)
        }
        // The authors scale by the width of the input rows, not of the head.
        scale = Float(1 / Double(inputs).squareRoot())
        norm2 = try parameters.norm("norm2", width, epsilon: epsilon)
        mlp = try MLP(
            parameters.scoped("mlp"), from: width, hidden: width, to: width,
            activation: stage.activation)
    }

    /// Maps `[B, T, C]` to `[B, T, 64]`.
    func callAsFunction(_ x: B.DeviceTensor, on backend: B) throws -> B.DeviceTensor {
        let projected = try backend.linear(
            normalizing: x, appending: nil, norm1, qkv, activation: .identity)
        let width = TokensToTokenConfiguration.width
        let values = try backend.columns(projected, 2 * width..<3 * width)
        let attended =
            try features.map { try backend.performerAttention(projected, randomFeatures: $0) }
            ?? backend.attention(
                projected, heads: 1, scale: scale, queries: .allTokens, reusing: nil, keeping: nil)
        let y = try backend.linear(
            attended, projection, activation: .identity, residual: values)
        let hidden = try mlp.hidden(y, appending: nil, norm2, on: backend)
        return try backend.linear(hidden, mlp.fc2, activation: .identity, residual: y)
    }
}

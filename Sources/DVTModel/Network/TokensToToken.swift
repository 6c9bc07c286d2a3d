import DVTCore

/// The Tokens-to-Token module: soft splits with an attention between each two.
///
/// - SeeAlso: Yuan et al., Tokens-to-Token ViT: Training Vision Transformers from Scratch on
///   ImageNet, <https://arxiv.org/abs/2101.11986>.
struct TokensToToken<B: Backend> {
    private let firstSplit: PatchGeometry
    private let attentions: [TokenAttention<B>]
    private let projection: LinearParameters<B.DeviceTensor>

    init(_ parameters: ModelParameters<B.DeviceTensor>, _ stage: VisionTransformerConfiguration) {
        firstSplit = stage.patch
        let kind = stage.tokenizer == .performer ? "performer" : "attention"
        attentions = stage.tokenizerInputs.enumerated().map { index, inputs in
            TokenAttention(
                parameters.scoped("\(kind)\(index + 1)"), stage, inputs: inputs)
        }
        projection = parameters.linear("project")
    }

    /// Tokens `[B, N, D]` of images `[B, C, S, S]`.
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

/// One attention of a tokenizer, which narrows its rows to the values' width.
struct TokenAttention<B: Backend> {
    private let norm1: LayerNormParameters<B.DeviceTensor>
    private let qkv: LinearParameters<B.DeviceTensor>
    /// A performer's random features, or nil for softmax attention.
    private let features: B.DeviceTensor?
    private let scale: Float
    private let projection: LinearParameters<B.DeviceTensor>
    private let norm2: LayerNormParameters<B.DeviceTensor>
    private let mlp: MLP<B>

    init(
        _ parameters: ModelParameters<B.DeviceTensor>, _ stage: VisionTransformerConfiguration,
        inputs: Int
    ) {
        let isPerformer = stage.tokenizer == .performer
        norm1 = parameters.norm("norm1", epsilon: stage.layerNormEpsilon)
        qkv = parameters.linear(isPerformer ? "kqv" : "attn.qkv")
        features = isPerformer ? parameters["w"] : nil
        // The authors scale by the width of the rows that come in, not of the head.
        scale = Float(1 / Double(inputs).squareRoot())
        projection = parameters.linear(isPerformer ? "proj" : "attn.proj")
        norm2 = parameters.norm("norm2", epsilon: stage.layerNormEpsilon)
        mlp = MLP(parameters.scoped("mlp"), activation: stage.activation)
    }

    /// `y = v + proj(attention(LN1(x)))`, then `y + MLP(LN2(y))`: `[B, T, C]` to `[B, T, 64]`.
    func callAsFunction(_ x: B.DeviceTensor, on backend: B) throws -> B.DeviceTensor {
        let z = try backend.layerNorm(x, appending: nil, norm1)
        let projected = try backend.linear(z, qkv, activation: .identity, residual: nil)
        let width = TokensToTokenConfiguration.width
        let values = try backend.columns(projected, 2 * width..<3 * width)
        let attended =
            try features.map { try backend.performerAttention(projected, features: $0) }
            ?? backend.attention(
                projected, heads: 1, scale: scale, queries: .allTokens, reusing: nil, keeping: nil)
        let y = try backend.linear(
            attended, projection, activation: .identity, residual: values)
        let normalized = try backend.layerNorm(y, appending: nil, norm2)
        return try mlp(normalized, residual: y, on: backend)
    }
}

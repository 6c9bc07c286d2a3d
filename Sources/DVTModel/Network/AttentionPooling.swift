internal import DVTCore

/// The attention of one learned query over all tokens, followed by an MLP, as in SigLIP.
///
///     y = proj(softmax(q k^T / sqrt(d)) v),    features = y + MLP(LN(y))
///
/// The query is the same for every image, so it is the bias of a layer that computes q, k and v of
/// each token and whose rows of q are zero. Training may change these rows.
///
/// - SeeAlso: Zhai et al., Scaling Vision Transformers, <https://arxiv.org/abs/2106.04560>; Zhai et
///   al., Sigmoid Loss for Language Image Pre-Training, <https://arxiv.org/abs/2303.15343>.
struct AttentionPooling<B: Backend> {
    private let qkv: B.LinearLayer
    private let projection: B.LinearLayer
    private let norm: LayerNormParameters<B.DeviceTensor>
    private let mlp: MLP<B>
    private let heads: Int
    private let scale: Float

    /// Creates the layers.
    ///
    /// - Parameters:
    ///   - parameters: the pooling's parameters.
    ///   - stage: the stage.
    /// - Throws: the backend's error.
    init(_ parameters: ParameterBuilder<B>, _ stage: VisionTransformerConfiguration) throws {
        let width = stage.width
        qkv = try parameters.linear("qkv", from: width, to: 3 * width)
        projection = try parameters.linear("proj", from: width, to: width)
        norm = try parameters.norm("norm", width, epsilon: stage.layerNormEpsilon)
        mlp = try MLP(
            parameters.scoped("mlp"), from: width, hidden: stage.mlpWidth, to: width,
            activation: stage.activation)
        heads = stage.heads
        scale = Float(1 / Double(stage.headWidth).squareRoot())
    }

    /// Maps normalized tokens `[B, T, D]` to features `[B, D]`.
    func callAsFunction(_ x: B.DeviceTensor, on backend: B) throws -> B.DeviceTensor {
        let projected = try backend.linear(x, qkv, activation: .identity, residual: nil)
        let attended = try backend.attention(
            projected, heads: heads, scale: scale, queries: .classToken, reusing: nil, keeping: nil)
        let y = try backend.linear(attended, projection, activation: .identity, residual: nil)
        let hidden = try mlp.hidden(y, appending: nil, norm, on: backend)
        return try backend.linear(hidden, mlp.fc2, activation: .identity, residual: y)
    }
}

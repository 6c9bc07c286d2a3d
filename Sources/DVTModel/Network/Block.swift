import DVTCore

/// Multi-head self-attention with its projection.
struct Attention<B: Backend> {
    let qkv: LinearParameters<B.DeviceTensor>
    let projection: LinearParameters<B.DeviceTensor>
    let heads: Int
    let scale: Float

    init(_ parameters: ModelParameters<B.DeviceTensor>, _ stage: VisionTransformerConfiguration) {
        qkv = parameters.linear("qkv")
        projection = parameters.linear("proj")
        heads = stage.heads
        scale = Float(1 / Double(stage.headWidth).squareRoot())
    }

    /// `x + proj(attention(z))`, z being x normalized; x holds the tokens that attend.
    func callAsFunction(
        _ z: B.DeviceTensor, residual x: B.DeviceTensor, queries: AttentionQueries = .allTokens,
        reusing relations: ReusedRelations<B.DeviceTensor>?,
        keeping logits: KeptLogits<B.DeviceTensor>?, on backend: B
    ) throws -> B.DeviceTensor {
        let projected = try backend.linear(z, qkv, activation: .identity, residual: nil)
        let attended = try backend.attention(
            projected, heads: heads, scale: scale, queries: queries, reusing: relations,
            keeping: logits)
        return try backend.linear(attended, projection, activation: .identity, residual: x)
    }
}

/// Two linear maps with a GELU between them.
struct MLP<B: Backend> {
    let fc1: LinearParameters<B.DeviceTensor>
    let fc2: LinearParameters<B.DeviceTensor>
    let activation: Activation

    init(_ parameters: ModelParameters<B.DeviceTensor>, activation: Activation) {
        fc1 = parameters.linear("fc1")
        fc2 = parameters.linear("fc2")
        self.activation = activation
    }

    /// `x + fc2(GELU(fc1(z)))`.
    func callAsFunction(
        _ z: B.DeviceTensor, residual x: B.DeviceTensor, on backend: B
    ) throws -> B.DeviceTensor {
        let hidden = try backend.linear(z, fc1, activation: activation, residual: nil)
        return try backend.linear(hidden, fc2, activation: .identity, residual: x)
    }
}

/// A pre-norm transformer block that may reuse features and relations of the stage before.
struct Block<B: Backend> {
    let norm1: LayerNormParameters<B.DeviceTensor>
    let attention: Attention<B>
    let norm2: LayerNormParameters<B.DeviceTensor>
    let mlp: MLP<B>

    init(_ parameters: ModelParameters<B.DeviceTensor>, _ stage: VisionTransformerConfiguration) {
        norm1 = parameters.norm("norm1", epsilon: stage.layerNormEpsilon)
        attention = Attention(parameters.scoped("attn"), stage)
        norm2 = parameters.norm("norm2", epsilon: stage.layerNormEpsilon)
        mlp = MLP(parameters.scoped("mlp"), activation: stage.activation)
    }

    /// `y = x + attention(LN1(x))`, then `y + MLP(LN2(y, E))`.
    ///
    /// - Parameters:
    ///   - x: `[B, T, D]`.
    ///   - reuse: what the block takes from the stage before.
    ///   - logits: where its attention logits are kept, or nil.
    ///   - backend: the device.
    /// - Returns: y, which traces look at, and the output, both `[B, T, D]`.
    /// - Throws: the backend's error.
    func callAsFunction(
        _ x: B.DeviceTensor, reusing reuse: BlockReuse<B.DeviceTensor>,
        keeping logits: KeptLogits<B.DeviceTensor>?, on backend: B
    ) throws -> (attended: B.DeviceTensor, output: B.DeviceTensor) {
        let z = try backend.layerNorm(x, appending: nil, norm1)
        let y = try attention(
            z, residual: x, reusing: reuse.relations, keeping: logits, on: backend)
        let wide = try backend.layerNorm(y, appending: reuse.features, norm2)
        return (y, try mlp(wide, residual: y, on: backend))
    }

    /// The class token's row of the output, without computing the others.
    ///
    /// - Parameters:
    ///   - x: `[B, T, D]`.
    ///   - reuse: what the block takes from the stage before.
    ///   - backend: the device.
    /// - Returns: `[B, D]`.
    /// - Throws: the backend's error.
    func classToken(
        _ x: B.DeviceTensor, reusing reuse: BlockReuse<B.DeviceTensor>, on backend: B
    ) throws -> B.DeviceTensor {
        let z = try backend.layerNorm(x, appending: nil, norm1)
        let y = try attention(
            z, residual: backend.classTokens(x), queries: .classToken, reusing: reuse.relations,
            keeping: nil, on: backend)
        let features = try reuse.features.map { try backend.classTokens($0) }
        let wide = try backend.layerNorm(y, appending: features, norm2)
        return try mlp(wide, residual: y, on: backend)
    }
}

/// What one block takes from the stage before.
struct BlockReuse<DeviceTensor> {
    var features: DeviceTensor?
    var relations: ReusedRelations<DeviceTensor>?
}

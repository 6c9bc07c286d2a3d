internal import DVTCore

/// A pre-norm transformer block that may reuse features and relations of the earlier stage.
///
///     y = x + attention(LN1(x))
///     output = y + MLP(LN2(concat(y, reused features)))
struct Block<B: Backend> {
    private let norm1: LayerNormParameters<B.DeviceTensor>
    private let attention: Attention<B>
    private let norm2: LayerNormParameters<B.DeviceTensor>
    private let mlp: MLP<B>
    /// The MLP that transforms the earlier stage's features for this block, or nil.
    let featureReuse: FeatureReuseParameters<B.DeviceTensor>?
    /// The block's fraction of the stochastic-depth rate: 0 in the first block, 1 in the last.
    private let dropPath: Float

    init(
        _ parameters: ParameterBuilder<B>, _ cascade: CascadeConfiguration, stage: Int, index: Int
    ) throws {
        let configuration = cascade.stages[stage]
        let (width, epsilon) = (configuration.width, configuration.layerNormEpsilon)
        let mlpInput = width + cascade.reusedFeatureWidth(stage: stage)
        norm1 = try parameters.norm("norm1", width, epsilon: epsilon)
        attention = try Attention(parameters.scoped("attn"), configuration)
        norm2 = try parameters.norm("norm2", mlpInput, epsilon: epsilon)
        mlp = try MLP(
            parameters.scoped("mlp"), from: mlpInput, hidden: configuration.mlpWidth, to: width,
            activation: configuration.activation)
        featureReuse =
            cascade.featureReuse && stage > 0
            ? try FeatureReuseParameters(
                parameters.scoped("feature_reuse"), cascade, stage: stage) : nil
        dropPath = configuration.depth > 1 ? Float(index) / Float(configuration.depth - 1) : 0
    }

    /// Runs the block on all tokens.
    ///
    /// - Parameters:
    ///   - x: `[B, T, D]`.
    ///   - reuse: what the block reuses from the earlier stage.
    ///   - logits: the store for its attention logits, or nil.
    ///   - backend: the device.
    /// - Returns: y, for traces, and the output, both `[B, T, D]`.
    /// - Throws: the backend's error.
    func callAsFunction(
        _ x: B.DeviceTensor, reusing reuse: BlockReuse<B.DeviceTensor>,
        keeping logits: KeptRelations<B.DeviceTensor>?, on backend: B
    ) throws -> (attended: B.DeviceTensor, output: B.DeviceTensor) {
        let attended = try attention(
            x, norm1, reusing: reuse.relations, keeping: logits, on: backend)
        let y = try backend.addBranch(
            attended, attention.projection, to: x, dropPath: dropPath)
        return (y, try addMLP(to: y, appending: reuse.features, on: backend))
    }

    /// Runs the block for the class token only, which attends to all tokens.
    ///
    /// - Parameters:
    ///   - x: `[B, T, D]`.
    ///   - reuse: what the block reuses from the earlier stage.
    ///   - backend: the device.
    /// - Returns: `[B, D]`, the class token's row of the output.
    /// - Throws: the backend's error.
    func classToken(
        _ x: B.DeviceTensor, reusing reuse: BlockReuse<B.DeviceTensor>, on backend: B
    ) throws -> B.DeviceTensor {
        let attended = try attention(
            x, norm1, queries: .classToken, reusing: reuse.relations, keeping: nil, on: backend)
        let y = try backend.addBranch(
            attended, attention.projection, to: backend.classTokens(x), dropPath: dropPath)
        return try addMLP(
            to: y, appending: reuse.features.map { try backend.classTokens($0) }, on: backend)
    }

    private func addMLP(
        to y: B.DeviceTensor, appending features: B.DeviceTensor?, on backend: B
    ) throws -> B.DeviceTensor {
        let hidden = try backend.dropout(mlp.hidden(y, appending: features, norm2, on: backend))
        return try backend.addBranch(hidden, mlp.fc2, to: y, dropPath: dropPath)
    }
}

/// Multi-head self-attention; the block applies its projection.
struct Attention<B: Backend> {
    private let qkv: B.LinearLayer
    let projection: B.LinearLayer
    private let heads: Int
    private let scale: Float

    init(_ parameters: ParameterBuilder<B>, _ stage: VisionTransformerConfiguration) throws {
        qkv = try parameters.linear(
            "qkv", from: stage.width, to: 3 * stage.width, hasBias: stage.hasQKVBias)
        projection = try parameters.linear("proj", from: stage.width, to: stage.width)
        heads = stage.heads
        scale = Float(1 / Double(stage.headWidth).squareRoot())
    }

    /// `softmax(q k^T * scale + reused relations) v` of LN(x), heads side by side: `[B, T, D]`.
    func callAsFunction(
        _ x: B.DeviceTensor, _ norm: LayerNormParameters<B.DeviceTensor>,
        queries: AttentionQueries = .allTokens,
        reusing relations: ReusedRelations<B.DeviceTensor>?,
        keeping logits: KeptRelations<B.DeviceTensor>?, on backend: B
    ) throws -> B.DeviceTensor {
        let projected = try backend.linear(
            normalizing: x, appending: nil, norm, qkv, activation: .identity)
        return try backend.attention(
            projected, heads: heads, scale: scale, queries: queries, reusing: relations,
            keeping: logits)
    }
}

/// Two linear layers with a GELU between them.
struct MLP<B: Backend> {
    private let fc1: B.LinearLayer
    let fc2: B.LinearLayer
    private let activation: Activation

    init(
        _ parameters: ParameterBuilder<B>, from inputs: Int, hidden: Int, to outputs: Int,
        activation: Activation
    ) throws {
        fc1 = try parameters.linear("fc1", from: inputs, to: hidden)
        fc2 = try parameters.linear("fc2", from: hidden, to: outputs)
        self.activation = activation
    }

    /// `GELU(fc1(LN(concat(y, features))))`.
    func hidden(
        _ y: B.DeviceTensor, appending features: B.DeviceTensor?,
        _ norm: LayerNormParameters<B.DeviceTensor>, on backend: B
    ) throws -> B.DeviceTensor {
        try backend.linear(
            normalizing: y, appending: features, norm, fc1, activation: activation)
    }
}

/// What one block reuses from the earlier stage.
struct BlockReuse<DeviceTensor> {
    /// `[B, T, E]`.
    var features: DeviceTensor?
    var relations: ReusedRelations<DeviceTensor>?
}

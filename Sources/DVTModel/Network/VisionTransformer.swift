internal import DVTCore

/// One stage of a cascade: a Vision Transformer that may reuse results of the earlier stage.
///
/// - SeeAlso: Dosovitskiy et al., An Image is Worth 16x16 Words,
///   <https://arxiv.org/abs/2010.11929>; Touvron et al., DeiT, <https://arxiv.org/abs/2012.12877>.
struct VisionTransformer<B: Backend> {
    let configuration: VisionTransformerConfiguration
    private let prefix: B.DeviceTensor?
    private let positions: B.DeviceTensor
    private let patchEmbed: PatchEmbed<B>
    private let embeddingNorm: LayerNormParameters<B.DeviceTensor>?
    private let blocks: [Block<B>]
    private let norm: LayerNormParameters<B.DeviceTensor>
    private let attentionPooling: AttentionPooling<B>?
    private let reuse: StageReuse<B>?
    private let head: B.LinearLayer

    /// Builds a stage.
    ///
    /// - Parameters:
    ///   - parameters: the stage's parameters.
    ///   - cascade: the cascade's configuration.
    ///   - stage: the stage, from 0.
    ///   - backbone: the stage whose layers this one shares, or nil if it has its own.
    /// - Throws: the error of the backend or of the parameters' source.
    init(
        _ parameters: ParameterBuilder<B>, _ cascade: CascadeConfiguration, stage: Int,
        sharing backbone: Self?
    ) throws {
        let configuration = cascade.stages[stage]
        let (width, epsilon) = (configuration.width, configuration.layerNormEpsilon)
        let prefixTokens = configuration.prefixTokens
        self.configuration = configuration
        prefix =
            if let backbone {
                backbone.prefix
            } else if prefixTokens > 0 {
                try parameters.tensor("cls_token", [1, prefixTokens, width], .classToken)
            } else {
                nil
            }
        positions = try parameters.tensor(
            "pos_embed", [1, configuration.tokens, width],
            configuration.tokenizer == .linear ? .positions : .fixedPositions)
        if let backbone {
            patchEmbed = backbone.patchEmbed
            (embeddingNorm, blocks) = (backbone.embeddingNorm, backbone.blocks)
            (norm, attentionPooling) = (backbone.norm, backbone.attentionPooling)
        } else {
            patchEmbed = try PatchEmbed(parameters, configuration)
            embeddingNorm =
                configuration.normalizesEmbedding
                ? try parameters.norm("norm_pre", width, epsilon: epsilon) : nil
            blocks = try (0..<configuration.depth).map { index in
                try Block(
                    parameters.scoped("blocks.\(index)"), cascade, stage: stage, index: index)
            }
            norm = try parameters.norm(
                "norm", configuration.normalizesPooled ? configuration.featureWidth : width,
                epsilon: epsilon)
            attentionPooling =
                configuration.pooling == .attention
                ? try AttentionPooling(parameters.scoped("attn_pool"), configuration) : nil
        }
        reuse =
            stage > 0
            ? try StageReuse(
                parameters, cascade, stage: stage, features: blocks.compactMap(\.featureReuse))
            : nil
        head = try parameters.linear(
            "head", from: configuration.featureWidth, to: configuration.classes,
            weight: .headWeight)
    }

    /// Runs the stage on a batch.
    ///
    /// If nothing else is needed, the last block computes only the class token's row.
    ///
    /// - Parameters:
    ///   - images: `[B, C, S, S]`, resized here if the stage takes smaller ones.
    ///   - state: the earlier stage's state for the same images, or nil.
    ///   - kept: what to keep for the next stage.
    ///   - backend: the device.
    ///   - trace: receives every intermediate, or nil.
    /// - Returns: the exit's features and logits, and the state for the next stage.
    /// - Throws: the backend's error.
    func callAsFunction(
        _ images: B.DeviceTensor, reusing state: StageState<B.DeviceTensor>?,
        keeping kept: KeptState, on backend: B, trace: StageTrace<B>? = nil
    ) throws -> StageOutput<B.DeviceTensor> {
        let isResized = images.shape[2] != configuration.imageSize
        let tokens = try patchEmbed(
            isResized ? backend.resizedImages(images, to: configuration.imageSize) : images,
            on: backend)
        try trace?.record("embed", tokens)
        var x = try backend.dropout(
            backend.embedTokens(tokens, prefix: prefix, positions: positions))
        if let embeddingNorm { x = try backend.layerNorm(x, appending: nil, embeddingNorm) }
        let reused = try state.flatMap { try reuse?($0, on: backend) }
        let store = try relationStore(
            batch: images.shape[0], isNeeded: kept.relations || trace != nil, on: backend)
        let isWhole =
            kept.features || kept.relations || trace != nil || configuration.pooling != .classToken
        for (index, block) in blocks.dropLast(isWhole ? 0 : 1).enumerated() {
            let logits = store.map {
                KeptRelations(store: $0, channel: index * configuration.heads)
            }
            let blockReuse = reused?[index] ?? BlockReuse()
            let result = try block(x, reusing: blockReuse, keeping: logits, on: backend)
            x = result.output
            try trace?.record(
                block: index, attended: result.attended, output: x, reuse: blockReuse,
                logits: logits, heads: configuration.heads)
        }
        let pooled =
            try isWhole
            ? pooledFeatures(x, on: backend)
            : backend.layerNorm(
                lastClassTokens(x, reusing: reused?.last ?? BlockReuse(), on: backend),
                appending: nil, norm)
        return StageOutput(
            features: pooled, logits: try logits(of: pooled, on: backend),
            state: StageState(
                features: kept.features ? x : nil, relations: kept.relations ? store : nil))
    }

    /// The logits of features that the stage computed before.
    ///
    /// - Parameters:
    ///   - features: `[B, D]`.
    ///   - backend: the device.
    /// - Returns: `[B, classes]`.
    /// - Throws: the backend's error.
    func logits(of features: B.DeviceTensor, on backend: B) throws -> B.DeviceTensor {
        try backend.logits(features, head)
    }

    /// The normalized features of all tokens' rows.
    private func pooledFeatures(
        _ x: B.DeviceTensor, on backend: B
    ) throws -> B.DeviceTensor {
        if let attentionPooling {
            return try attentionPooling(
                backend.layerNorm(x, appending: nil, norm), on: backend)
        }
        let pooling = configuration.tokenPooling
        // The class token's row alone is as well normalized afterwards, which is less work.
        guard configuration.normalizesPooled || configuration.pooling == .classToken else {
            return try backend.pooledTokens(
                backend.layerNorm(x, appending: nil, norm), pooling)
        }
        return try backend.layerNorm(backend.pooledTokens(x, pooling), appending: nil, norm)
    }

    /// The last block's output for the class tokens, or their input if there are no blocks.
    private func lastClassTokens(
        _ x: B.DeviceTensor, reusing reuse: BlockReuse<B.DeviceTensor>, on backend: B
    ) throws -> B.DeviceTensor {
        try blocks.last?.classToken(x, reusing: reuse, on: backend) ?? backend.classTokens(x)
    }

    private func relationStore(
        batch: Int, isNeeded: Bool, on backend: B
    ) throws -> B.DeviceTensor? {
        guard isNeeded else { return nil }
        return try backend.makeRelations(
            batch: batch, channels: configuration.depth * configuration.heads,
            tokens: configuration.tokens)
    }
}

/// Which results of a stage are kept for the next one.
struct KeptState {
    let features: Bool
    let relations: Bool
}

/// The results of one stage.
struct StageOutput<DeviceTensor> {
    /// The pooled tokens after the last LayerNorm, `[B, D]` or `[B, 2D]`.
    let features: DeviceTensor
    /// `[B, classes]`.
    let logits: DeviceTensor
    /// What the next stage reuses.
    let state: StageState<DeviceTensor>
}

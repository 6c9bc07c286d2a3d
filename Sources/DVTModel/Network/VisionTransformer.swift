import DVTCore

/// One stage of a cascade: a Vision Transformer that may reuse what the stage before computed.
struct VisionTransformer<B: Backend> {
    let configuration: VisionTransformerConfiguration
    private let patchEmbed: PatchEmbed<B>
    private let classToken: B.DeviceTensor
    private let positions: B.DeviceTensor
    private let reuse: StageReuse<B>?
    private let blocks: [Block<B>]
    private let norm: LayerNormParameters<B.DeviceTensor>
    private let head: LinearParameters<B.DeviceTensor>

    init(
        _ parameters: ModelParameters<B.DeviceTensor>, _ cascade: CascadeConfiguration, stage: Int
    ) {
        let configuration = cascade.stages[stage]
        self.configuration = configuration
        patchEmbed = PatchEmbed(parameters, configuration)
        classToken = parameters["cls_token"]
        positions = parameters["pos_embed"]
        reuse = stage > 0 ? StageReuse(parameters, cascade, stage: stage) : nil
        blocks = (0..<configuration.depth).map {
            Block(parameters.scoped("blocks.\($0)"), configuration)
        }
        norm = parameters.norm("norm", epsilon: configuration.layerNormEpsilon)
        head = parameters.linear("head")
    }

    /// Runs the stage on a batch.
    ///
    /// Where nothing is handed on, the head's input is all that the last block computes: after its
    /// keys and values only the class token's row goes on.
    ///
    /// - Parameters:
    ///   - images: `[B, C, S, S]`.
    ///   - state: what the stage before handed on, for the same images, or nil.
    ///   - handedOn: what the next stage reuses.
    ///   - backend: the device.
    ///   - trace: told every intermediate, or nil.
    /// - Returns: the exit's features and logits, and what is handed on.
    /// - Throws: the backend's error.
    func callAsFunction(
        _ images: B.DeviceTensor, reusing state: StageState<B.DeviceTensor>?,
        handingOn handedOn: HandedOn, on backend: B, trace: StageTrace<B>? = nil
    ) throws -> StageOutput<B.DeviceTensor> {
        let tokens = try patchEmbed(images, on: backend)
        try trace?.record("embed", tokens)
        var x = try backend.embedTokens(tokens, classToken: classToken, positions: positions)
        let reused = try state.flatMap { try reuse?($0, on: backend) }
        let store = try relationStore(
            batch: images.shape[0], isNeeded: handedOn.relations || trace != nil, on: backend)
        let isWhole = handedOn.features || handedOn.relations || trace != nil
        let classBlock = isWhole ? nil : blocks.last
        for (index, block) in blocks.dropLast(isWhole ? 0 : 1).enumerated() {
            let logits = store.map { KeptLogits(store: $0, channel: index * configuration.heads) }
            let blockReuse = reused?[index] ?? BlockReuse()
            backend.enter(.block(index, of: blocks.count))
            let result = try block(x, reusing: blockReuse, keeping: logits, on: backend)
            x = result.output
            try trace?.record(
                block: index, attended: result.attended, output: x, reuse: blockReuse,
                logits: logits, heads: configuration.heads)
        }
        if classBlock != nil {
            backend.enter(.block(blocks.count - 1, of: blocks.count))
        }
        let classTokens =
            try classBlock?.classToken(x, reusing: reused?.last ?? BlockReuse(), on: backend)
            ?? backend.classTokens(x)
        backend.enter(.other)
        let normalized = try backend.layerNorm(classTokens, appending: nil, norm)
        let logits = try backend.linear(normalized, head, activation: .identity, residual: nil)
        return StageOutput(
            features: normalized, logits: logits,
            state: StageState(
                features: handedOn.features ? x : nil,
                relations: handedOn.relations ? store : nil))
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

/// What of a stage the next one reuses.
struct HandedOn {
    let features: Bool
    let relations: Bool
}

/// What one stage computed.
struct StageOutput<DeviceTensor> {
    /// The class token after the last LayerNorm, `[B, D]`.
    let features: DeviceTensor
    /// `[B, classes]`.
    let logits: DeviceTensor
    /// What the stage hands on.
    let state: StageState<DeviceTensor>
}

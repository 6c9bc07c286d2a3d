package import DVTCore

extension GradientTape {
    /// Keeps the logits for the backward pass, in the store that later stages read if there is one.
    package func attention(
        _ qkv: TapeTensor<Base>, heads: Int, scale: Float, queries: AttentionQueries,
        reusing relations: ReusedRelations<TapeTensor<Base>>?,
        keeping logits: KeptRelations<TapeTensor<Base>>?
    ) throws -> TapeTensor<Base> {
        let base = base
        let kept =
            try logits.map { KeptRelations(store: $0.store.value, channel: $0.channel) }
            ?? ownLogits(of: qkv.shape, heads: heads, queries: queries)
        let y = try base.attention(
            qkv.value, heads: heads, scale: scale, queries: queries,
            reusing: relations?.valuesOnTape(), keeping: kept)
        logits?.store.isWritten = true
        let (store, coarse) = (logits?.store, relations?.coarse)
        return recordAttention(y, from: [qkv, coarse], keptIn: store) { dy in
            let relationsGradient = try relations.map {
                ReusedRelations(
                    coarse: try $0.coarse.gradientInPlace(on: base), channel: $0.channel,
                    resampling: $0.resampling)
            }
            let dqkv = try base.attentionGradient(
                dy, qkv.value, logits: kept, heads: heads, scale: scale, queries: queries,
                logitsGradient: store?.gradient, relationsGradient: relationsGradient)
            try qkv.accumulate(dqkv, on: base)
        }
    }

    /// Like ``record(_:from:_:)``, but the step also runs if only the logits were used.
    private func recordAttention(
        _ value: Base.DeviceTensor, from inputs: [TapeTensor<Base>?],
        keptIn store: TapeTensor<Base>?, _ step: @escaping (Base.DeviceTensor) throws -> Void
    ) -> TapeTensor<Base> {
        let needsGradient = inputs.contains { $0?.needsGradient == true }
        let result = TapeTensor<Base>(value, needsGradient: needsGradient)
        guard needsGradient else { return result }
        let base = base
        append {
            guard result.gradient != nil || store?.gradient != nil else { return }
            let gradient = try result.gradient ?? base.zeros(result.shape)
            result.gradient = nil
            try step(gradient)
        }
        return result
    }

    /// A store for the logits of one block.
    private func ownLogits(
        of qkv: Shape, heads: Int, queries: AttentionQueries
    ) throws -> KeptRelations<Base.DeviceTensor> {
        try requireRank("qkv", qkv, 3)
        let (batch, tokens) = (qkv[0], qkv[1])
        let store =
            switch queries {
            case .allTokens:
                try base.makeRelations(batch: batch, channels: heads, tokens: tokens)
            case .classToken: try base.zeros([batch, heads, 1, tokens])
            }
        return KeptRelations(store: store, channel: 0)
    }

    package func makeRelations(
        batch: Int, channels: Int, tokens: Int
    ) throws -> TapeTensor<Base> {
        TapeTensor(
            try base.makeRelations(batch: batch, channels: channels, tokens: tokens),
            needsGradient: true)
    }

    /// The random features get no gradient.
    package func performerAttention(
        _ kqv: TapeTensor<Base>, randomFeatures features: TapeLinear<Base>
    ) throws -> TapeTensor<Base> {
        let base = base
        let y = try base.performerAttention(kqv.value, randomFeatures: features.layer)
        return record(y, from: [kqv]) { dy in
            let gradient = try base.performerAttentionGradient(
                dy, y, kqv.value, randomFeatures: features.layer)
            try kqv.accumulate(gradient, on: base)
        }
    }
}

extension ReusedRelations {
    fileprivate func valuesOnTape<Base>() -> ReusedRelations<Base.DeviceTensor>
    where DeviceTensor == TapeTensor<Base> {
        ReusedRelations<Base.DeviceTensor>(
            coarse: coarse.value, channel: channel, resampling: resampling)
    }
}

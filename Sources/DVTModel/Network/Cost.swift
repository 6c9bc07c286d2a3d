internal import DVTCore

// Multiply-adds are counted as by fvcore, the papers' tool: 1 per multiply-add of a linear layer,
// convolution or matrix product, 5 per element of a LayerNorm, 0 for softmax, GELU, biases and
// resampling.

extension CascadeConfiguration {
    /// The multiply-adds per image of each stage, including reuse.
    public var stageMultiplyAdds: [Int] {
        stages.indices.map { index in
            stages[index].multiplyAdds(appending: reusedFeatureWidth(stage: index))
                + (index > 0 ? reuseMultiplyAdds(stage: index) : 0)
        }
    }

    /// The total multiply-adds of an image that exits at each exit.
    public var cumulativeMultiplyAdds: [Int] {
        stageMultiplyAdds.reduce(into: []) { $0.append(($0.last ?? 0) + $1) }
    }

    private func reuseMultiplyAdds(stage: Int) -> Int {
        let (source, target) = (stages[stage - 1], stages[stage])
        var sum = 0
        if featureReuse {
            let norm = normalizesReusedFeatures ? 5 * source.width : 0
            let row = norm + source.width * reuseHidden + reuseHidden * reuseWidth
            sum += target.depth * source.tokens * row
        }
        if relationReuse {
            let channels = source.depth * source.heads
            sum += source.tokens * source.tokens * 2 * 3 * channels * channels
        }
        return sum
    }
}

extension VisionTransformerConfiguration {
    fileprivate func multiplyAdds(appending features: Int) -> Int {
        let patches = grid * grid
        let embedding =
            tokenizer == .linear
            ? patches * width * channels * patch.kernel * patch.kernel
            : patches * width * TokensToTokenConfiguration.splitWidth + tokenizerMultiplyAdds
        let attention = 4 * width * width + 2 * tokens * width
        let mlp = (width + features) * mlpWidth + mlpWidth * width
        let norms = 5 * width + 5 * (width + features)
        let lastNorm = 5 * (normalizesPooled ? featureWidth : tokens * width)
        let firstNorm = normalizesEmbedding ? 5 * tokens * width : 0
        // One query, the keys and values of all tokens, and an MLP for one row.
        let pooling =
            pooling == .attention
            ? 2 * width * width * (tokens + 1) + 2 * tokens * width + 5 * width
                + 2 * width * mlpWidth : 0
        return embedding + firstNorm + pooling + depth * tokens * (attention + mlp + norms)
            + lastNorm
            + featureWidth * classes
    }

    /// The multiply-adds of the attention layers between the soft splits.
    private var tokenizerMultiplyAdds: Int {
        let width = TokensToTokenConfiguration.width
        return zip(tokenizerGrids, tokenizerInputs).reduce(0) { sum, sizes in
            let (tokens, inputs) = (sizes.0 * sizes.0, sizes.1)
            let features = TokensToTokenConfiguration.features
            // The features of q and k, the sums over the keys, and two products per query.
            let attention =
                tokenizer == .performer
                ? features * (4 * width + 1) : 2 * tokens * width
            let linears = inputs * 3 * width + 3 * width * width
            return sum + tokens * (linears + attention + 5 * inputs + 5 * width)
        }
    }
}

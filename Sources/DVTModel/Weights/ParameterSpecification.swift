import DVTCore

/// One parameter of a cascade: where it belongs, what it is called and its shape.
public struct ParameterSpecification: Hashable, Sendable {
    /// The stage, from 0.
    public let stage: Int
    /// The name within the stage, for example `blocks.0.attn.qkv.weight`.
    public let name: String
    /// The shape.
    public let shape: Shape

    package init(stage: Int, name: String, shape: Shape) {
        self.stage = stage
        self.name = name
        self.shape = shape
    }
}

extension CascadeConfiguration {
    /// Every parameter of the cascade, in the order of the network.
    public var parameters: [ParameterSpecification] {
        stages.indices.flatMap { index in
            parameterShapes(stage: index).map {
                ParameterSpecification(stage: index, name: $0.0, shape: $0.1)
            }
        }
    }

    private func parameterShapes(stage index: Int) -> [(String, Shape)] {
        let stage = stages[index]
        let (width, kernel) = (stage.width, stage.patch.kernel)
        var shapes: [(String, Shape)] = [
            ("cls_token", [1, 1, width]),
            ("pos_embed", [1, stage.tokens, width]),
        ]
        if stage.tokenizer == .linear {
            shapes += [
                ("patch_embed.proj.weight", [width, stage.channels, kernel, kernel]),
                ("patch_embed.proj.bias", [width]),
            ]
        } else {
            shapes += tokensToTokenShapes(stage)
        }
        for block in 0..<stage.depth {
            shapes += blockShapes(stage: index).map { ("blocks.\(block).\($0.0)", $0.1) }
        }
        shapes += norm("norm", width)
        if relationReuse, index > 0 {
            let channels = stage.depth * stage.heads
            shapes += [
                ("relation_reuse.expand.weight", [3 * channels, channels, 1, 1]),
                ("relation_reuse.expand.bias", [3 * channels]),
                ("relation_reuse.contract.weight", [channels, 3 * channels, 1, 1]),
                ("relation_reuse.contract.bias", [channels]),
            ]
        }
        return shapes + linear("head", from: width, to: stage.classes)
    }

    private func tokensToTokenShapes(
        _ stage: VisionTransformerConfiguration
    ) -> [(String, Shape)] {
        let width = TokensToTokenConfiguration.width
        let isPerformer = stage.tokenizer == .performer
        let attentions = stage.tokenizerInputs.enumerated().flatMap { index, inputs in
            var shapes = norm("norm1", inputs)
            if isPerformer {
                shapes.append(("w", [TokensToTokenConfiguration.features, width]))
            }
            shapes += linear(
                isPerformer ? "kqv" : "attn.qkv", from: inputs, to: 3 * width, hasBias: isPerformer)
            shapes += linear(isPerformer ? "proj" : "attn.proj", from: width, to: width)
            shapes += norm("norm2", width)
            shapes += linear("mlp.fc1", from: width, to: width)
            shapes += linear("mlp.fc2", from: width, to: width)
            let kind = isPerformer ? "performer" : "attention"
            return shapes.map { ("tokens_to_token.\(kind)\(index + 1).\($0.0)", $0.1) }
        }
        return attentions
            + linear(
                "tokens_to_token.project", from: TokensToTokenConfiguration.splitWidth,
                to: stage.width)
    }

    private func blockShapes(stage index: Int) -> [(String, Shape)] {
        let stage = stages[index]
        let (width, mlpInput) = (stage.width, stage.width + reusedFeatureWidth(stage: index))
        var shapes = norm("norm1", width)
        shapes += linear("attn.qkv", from: width, to: 3 * width, hasBias: stage.hasQKVBias)
        shapes += linear("attn.proj", from: width, to: width)
        shapes += norm("norm2", mlpInput)
        shapes += linear("mlp.fc1", from: mlpInput, to: stage.mlpWidth)
        shapes += linear("mlp.fc2", from: stage.mlpWidth, to: width)
        if featureReuse, index > 0 {
            let source = stages[index - 1].width
            shapes += norm("feature_reuse.norm", source)
            shapes += linear("feature_reuse.fc1", from: source, to: reuseHidden)
            shapes += linear("feature_reuse.fc2", from: reuseHidden, to: reuseWidth)
        }
        return shapes
    }

    private func norm(_ name: String, _ width: Int) -> [(String, Shape)] {
        [("\(name).weight", [width]), ("\(name).bias", [width])]
    }

    private func linear(
        _ name: String, from inputs: Int, to outputs: Int, hasBias: Bool = true
    ) -> [(String, Shape)] {
        [("\(name).weight", [outputs, inputs])] + (hasBias ? [("\(name).bias", [outputs])] : [])
    }
}

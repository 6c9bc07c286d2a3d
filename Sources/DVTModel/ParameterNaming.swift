import DVTCore

/// How a family of checkpoints spells the names of a model's parameters, and splits them.
public enum ParameterNaming: String, Sendable, CaseIterable {
    /// The authors' PyTorch cascades: `less_token.blocks.0.feature_resuse_mlp.0.weight`.
    case authors
    /// timm's plain Vision Transformers: `blocks.0.attn.qkv.weight`; one stage only.
    case timm
    /// The authors' MindSpore cascade: `less_token.layers.0.attn.to_q.weight`; q, k and v apart.
    case mindSpore = "mindspore"
    /// Hugging Face transformers' ViT and DeiT: `encoder.layer.0.attention.attention.query.weight`
    /// (below `vit.` or `deit.`); q, k and v apart; one stage only.
    case huggingFace = "huggingface"

    /// The family whose names a set of tensors has.
    ///
    /// - Parameters:
    ///   - names: the tensors' names, without what wraps them.
    ///   - stages: the model's number of stages.
    /// - Returns: the family, or nil where the names tell nothing.
    static func detected(in names: some Sequence<String>, stages: Int) -> Self? {
        let lastPrefix = prefix(stage: stages - 1, of: stages)
        for name in names {
            if name.contains(".attn.to_q.") { return .mindSpore }
            if name.hasPrefix("encoder.layer.") { return .huggingFace }
            if name.hasPrefix(lastPrefix), name.contains(".attn.qkv.") { return .authors }
        }
        return nil
    }

    /// The family that a model of this many stages is usually stored in.
    ///
    /// - Parameter stages: the number of stages.
    /// - Returns: timm for one stage, the authors' for more.
    static func usual(stages: Int) -> Self { stages == 1 ? .timm : .authors }

    /// The tensors of a checkpoint that hold a parameter: one, or several whose rows are joined.
    ///
    /// - Parameters:
    ///   - parameter: the parameter, by stage and by our own name.
    ///   - stages: the model's number of stages.
    /// - Returns: full names, without what wraps them, and shapes.
    package func storedTensors(
        _ parameter: ParameterSpecification, stages: Int
    ) -> [StoredTensor] {
        let prefix = isOfCascades ? Self.prefix(stage: parameter.stage, of: stages) : ""
        let names = spelled(parameter.name).map { prefix + $0 }
        var extents = parameter.shape.dimensions
        if names.count > 1 {
            extents[0] /= names.count
        }
        if self == .mindSpore, parameter.name == "patch_embed.proj.weight" {
            // A dense layer over the patch's pixels, channel-major: the same numbers in a row.
            extents = [extents[0], extents.dropFirst().reduce(1, *)]
        }
        return names.map { StoredTensor(name: $0, shape: Shape(extents)) }
    }

    /// Whether names begin with the stage's.
    var isOfCascades: Bool { self == .authors || self == .mindSpore }

    /// `less_less_token.`, `less_token.`, `normal_token.`: one `less_` for every stage that
    /// follows, as the released cascades of two and three stages are spelt.
    private static func prefix(stage: Int, of count: Int) -> String {
        let following = count - 1 - stage
        let quantity = following == 0 ? "normal_" : String(repeating: "less_", count: following)
        return quantity + "token."
    }
}

/// A tensor of a checkpoint that holds a parameter, or some rows of one.
package struct StoredTensor: Hashable, Sendable {
    /// The name in the checkpoint.
    package let name: String
    /// The shape in the checkpoint.
    package let shape: Shape
}

/// How a family of checkpoints spells the names of a model's parameters.
public enum ParameterNaming: String, Sendable, CaseIterable {
    /// The authors' PyTorch cascades: `less_token.blocks.0.feature_resuse_mlp.0.weight`.
    case authors
    /// timm's plain Vision Transformers: `blocks.0.attn.qkv.weight`; one stage only.
    case timm

    /// The family whose names a set of tensors has.
    ///
    /// - Parameters:
    ///   - names: the tensors' names.
    ///   - stages: the model's number of stages.
    /// - Returns: the family; the model's usual one where the names tell nothing.
    static func detected(in names: some Sequence<String>, stages: Int) -> Self {
        let lastPrefix = prefix(stage: stages - 1, of: stages)
        if names.contains(where: { $0.hasPrefix(lastPrefix) }) { return .authors }
        return usual(stages: stages)
    }

    /// The family that a model of this many stages is usually stored in.
    ///
    /// - Parameter stages: the number of stages.
    /// - Returns: timm for one stage, the authors' for more.
    static func usual(stages: Int) -> Self { stages == 1 ? .timm : .authors }

    /// The name that a checkpoint gives to a parameter.
    ///
    /// - Parameters:
    ///   - parameter: the parameter, by stage and by our own name.
    ///   - stages: the model's number of stages.
    /// - Returns: the full name.
    package func checkpointName(_ parameter: ParameterSpecification, stages: Int) -> String {
        switch self {
        case .timm: Self.tokeniserSpelling(parameter.name)
        case .authors:
            Self.prefix(stage: parameter.stage, of: stages)
                + Self.authorsSpelling(Self.tokeniserSpelling(parameter.name))
        }
    }

    /// `less_less_token.`, `less_token.`, `normal_token.`: one `less_` for every stage that
    /// follows, as the released cascades of two and three stages are spelt.
    private static func prefix(stage: Int, of count: Int) -> String {
        let following = count - 1 - stage
        let quantity = following == 0 ? "normal_" : String(repeating: "less_", count: following)
        return quantity + "token."
    }

    /// A performer's names, which all checkpoints spell as those of an attention.
    private static func tokeniserSpelling(_ name: String) -> String {
        guard let range = name.firstRange(of: "tokens_to_token.performer") else { return name }
        let rest = name[range.upperBound...]
        return "tokens_to_token.attention"
            + rest.replacing("mlp.fc1.", with: "mlp.0.").replacing("mlp.fc2.", with: "mlp.2.")
    }

    /// Our names' parts that the authors' checkpoints spell otherwise ("resuse" is theirs).
    private static func authorsSpelling(_ name: String) -> String {
        let spellings = [
            (".feature_reuse.norm.", ".feature_resuse_mlp.0."),
            (".feature_reuse.fc", ".feature_resuse_mlp.1.fc"),
            ("relation_reuse.expand.", "relation_reuse_conv.0."),
            ("relation_reuse.contract.", "relation_reuse_conv.2."),
        ]
        for (ours, theirs) in spellings {
            if let range = name.firstRange(of: ours) {
                return name.replacingCharacters(in: range, with: theirs)
            }
        }
        return name
    }
}

extension String {
    fileprivate func replacingCharacters(
        in range: Range<String.Index>, with replacement: String
    ) -> String {
        String(self[..<range.lowerBound]) + replacement + String(self[range.upperBound...])
    }
}

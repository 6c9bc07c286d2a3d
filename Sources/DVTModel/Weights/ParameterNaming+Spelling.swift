// The only file with checkpoints' own spellings; other code uses this package's names.

extension ParameterNaming {
    /// A parameter's names within its stage; several if q, k and v are separate tensors.
    ///
    /// - Parameter name: this package's name.
    /// - Returns: the family's names, in the order in which rows are concatenated.
    func spelled(_ name: String) -> [String] {
        guard let fused = fusedAttention else { return [respelled(name)] }
        let names = fused.theirs.map { name.replacingFirst(fused.ours, with: $0) }
        // A name without `.attn.qkv.` stays unchanged.
        return names[0] == name ? [respelled(name)] : names.map(respelled)
    }

    private func respelled(_ name: String) -> String {
        spellings.reduce(name) { $0.replacingFirst($1.0, with: $1.1) }
    }

    /// The name of the fused q, k and v, and the three names that replace it.
    private var fusedAttention: (ours: String, theirs: [String])? {
        let ours = ".attn.qkv."
        return switch self {
        case .authors, .timm: nil
        case .mindSpore: (ours, ["q", "k", "v"].map { ".attn.to_\($0)." })
        case .huggingFace, .huggingFaceDINOv2:
            (ours, ["query", "key", "value"].map { ".attention.attention.\($0)." })
        case .huggingFaceCLIP: (ours, ["q", "k", "v"].map { ".self_attn.\($0)_proj." })
        }
    }

    /// A name of a network of transformers 5 in memory as transformers writes it to files.
    ///
    /// - Parameter name: the name, without prefixes.
    /// - Returns: the name as in files; unchanged if it is another.
    static func ofFiles(_ name: String) -> String {
        guard name.hasPrefix("layers.") || name.contains(".attention.") else { return name }
        var spellings = [
            (".attention.q_proj.", ".attention.attention.query."),
            (".attention.k_proj.", ".attention.attention.key."),
            (".attention.v_proj.", ".attention.attention.value."),
            (".attention.o_proj.", ".attention.output.dense."),
        ]
        if name.hasPrefix("layers.") {
            spellings += [
                ("layers.", "encoder.layer."), (".mlp.fc1.", ".intermediate.dense."),
                (".mlp.fc2.", ".output.dense."),
            ]
        }
        return spellings.reduce(name) { $0.replacingFirst($1.0, with: $1.1) }
    }

    /// The tensors that may hold tokens before the patches, in their order.
    var prefixTokens: [String] {
        switch self {
        case .timm: ["cls_token", "dist_token", "reg_token"]
        case .huggingFace, .huggingFaceDINOv2:
            ["cls_token", "distillation_token", "register_tokens"].map { "embeddings.\($0)" }
        case .huggingFaceCLIP: ["embeddings.class_embedding"]
        case .authors, .mindSpore: []
        }
    }

    /// The tensors that give q, k and v of the attention pooling: its query, the layer for q where
    /// it is apart, and the layer for k and v, or for all three.
    var attentionPooling: (query: String, q: String?, kv: String)? {
        switch self {
        case .timm: ("attn_pool.latent", "attn_pool.q.", "attn_pool.kv.")
        case .huggingFaceCLIP: ("head.probe", nil, "head.attention.in_proj_")
        case .authors, .mindSpore, .huggingFace, .huggingFaceDINOv2: nil
        }
    }

    /// The two heads of a distilled DeiT.
    var averagedHeads: [String] {
        switch self {
        case .timm: ["head", "head_dist"]
        case .huggingFace: ["cls_classifier", "distillation_classifier"]
        case .authors, .mindSpore, .huggingFaceDINOv2, .huggingFaceCLIP: []
        }
    }

    /// The name of the last LayerNorm's parameter where it follows the pooling, or nil.
    func pooledNorm(_ name: String) -> String? {
        self == .timm ? name.replacingFirst("norm.", with: "fc_norm.") : nil
    }

    /// The possible names of a block's LayerScale, after the attention (0) or the MLP (1).
    func layerScales(block: String, _ index: Int) -> [String] {
        let number = index + 1
        return switch self {
        case .timm: ["blocks.\(block).ls\(number).gamma", "blocks.\(block).gamma_\(number)"]
        case .huggingFaceDINOv2: ["encoder.layer.\(block).layer_scale\(number).lambda1"]
        case .authors, .mindSpore, .huggingFace, .huggingFaceCLIP: []
        }
    }

    /// Parts of names and their replacements, applied in order, each at most once.
    private var spellings: [(String, String)] {
        switch self {
        case .timm: Self.tokenizerSpellings
        // "resuse" is the authors' spelling.
        case .authors:
            Self.tokenizerSpellings + Self.relationSpellings + [
                (".feature_reuse.norm.", ".feature_resuse_mlp.0."),
                (".feature_reuse.fc", ".feature_resuse_mlp.1.fc"),
            ]
        case .mindSpore: Self.relationSpellings + Self.mindSporeSpellings
        case .huggingFace: Self.huggingFaceSpellings
        case .huggingFaceDINOv2: Self.dinov2Spellings
        case .huggingFaceCLIP: Self.clipSpellings
        }
    }

    /// A performer's names; all checkpoints call it an attention.
    private static let tokenizerSpellings = ["1", "2"].flatMap { index in
        let performer = "tokens_to_token.performer\(index)."
        let attention = "tokens_to_token.attention\(index)."
        return [
            (performer + "mlp.fc1.", attention + "mlp.0."),
            (performer + "mlp.fc2.", attention + "mlp.2."), (performer, attention),
        ]
    }

    private static let relationSpellings = [
        ("relation_reuse.expand.", "relation_reuse_conv.0."),
        ("relation_reuse.contract.", "relation_reuse_conv.2."),
    ]

    private static let mindSporeSpellings = [
        ("pos_embed", "pos_embedding"), ("patch_embed.proj.", "stem.patch_to_embedding.dense."),
        ("blocks.", "layers."), (".attn.proj.", ".attn.to_out."),
        (".feature_reuse.norm.", ".feature_resuse_mlp.norm1."),
        (".feature_reuse.fc1.", ".feature_resuse_mlp.ff1.dense."),
        (".feature_reuse.fc2.", ".feature_resuse_mlp.ff2.dense."),
        (".mlp.fc1.", ".mlp.ff1.dense."), (".mlp.fc2.", ".mlp.ff2.dense."), ("head.", "head.0."),
        ("norm.weight", "norm.gamma"), ("norm.bias", "norm.beta"),
        ("norm1.weight", "norm1.gamma"), ("norm1.bias", "norm1.beta"),
        ("norm2.weight", "norm2.gamma"), ("norm2.bias", "norm2.beta"),
    ]

    private static let dinov2Spellings = [
        ("cls_token", "embeddings.cls_token"), ("pos_embed", "embeddings.position_embeddings"),
        ("patch_embed.proj.", "embeddings.patch_embeddings.projection."),
        ("blocks.", "encoder.layer."), (".attn.proj.", ".attention.output.dense."),
        ("norm.", "layernorm."), ("head.", "classifier."),
    ]

    private static let clipSpellings = [
        ("head.", "classifier."), ("cls_token", "embeddings.class_embedding"),
        ("pos_embed", "embeddings.position_embedding.weight"),
        ("patch_embed.proj.", "embeddings.patch_embedding."),
        ("norm.", "post_layernorm."), ("norm_pre.", "pre_layrnorm."),
        ("blocks.", "encoder.layers."), (".attn.proj.", ".self_attn.out_proj."),
        (".norm1.", ".layer_norm1."), (".norm2.", ".layer_norm2."),
        // After the replacement of the last norm.
        ("attn_pool.post_layernorm.", "head.layernorm."),
        ("attn_pool.proj.", "head.attention.out_proj."), ("attn_pool.mlp.", "head.mlp."),
    ]

    private static let huggingFaceSpellings =
        dinov2Spellings + [
            (".norm1.", ".layernorm_before."), (".norm2.", ".layernorm_after."),
            (".mlp.fc1.", ".intermediate.dense."), (".mlp.fc2.", ".output.dense."),
        ]
}

extension String {
    /// Replaces the first occurrence of a substring.
    ///
    /// Compares bytes: `replacing(_:with:)` builds a table for each search, which took half of the
    /// time from start to the first prediction.
    fileprivate func replacingFirst(_ part: String, with replacement: String) -> String {
        let (text, part) = (Array(utf8), Array(part.utf8))
        guard part.count <= text.count else { return self }
        for start in 0...text.count - part.count
        where text[start..<start + part.count].elementsEqual(part) {
            let end = start + part.count
            return String(
                decoding: text[..<start] + replacement.utf8 + text[end...], as: UTF8.self)
        }
        return self
    }
}

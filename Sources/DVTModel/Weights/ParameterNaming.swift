package import DVTCore

/// How a family of checkpoints names and splits a model's parameters.
public enum ParameterNaming: String, Sendable, CaseIterable {
    /// The authors' PyTorch cascades: `less_token.blocks.0.feature_resuse_mlp.0.weight`.
    case authors
    /// timm's plain Vision Transformers: `blocks.0.attn.qkv.weight`; one stage only.
    case timm
    /// The authors' MindSpore cascade: `less_token.layers.0.attn.to_q.weight`; q, k and v separate.
    case mindSpore = "mindspore"
    /// Hugging Face transformers' ViT and DeiT: `encoder.layer.0.attention.attention.query.weight`
    /// (below `vit.` or `deit.`); q, k and v separate; one stage only.
    case huggingFace = "huggingface"
    /// Hugging Face transformers' DINOv2: `encoder.layer.0.attention.attention.query.weight` and
    /// `encoder.layer.0.mlp.fc1.weight`; q, k and v separate; one stage only.
    case huggingFaceDINOv2 = "huggingface-dinov2"
    /// Hugging Face transformers' vision towers of CLIP and SigLIP:
    /// `encoder.layers.0.self_attn.q_proj.weight` (below `vision_model.`); q, k and v separate; one
    /// stage only.
    case huggingFaceCLIP = "huggingface-clip"

    /// The usual family for a model with this number of stages.
    ///
    /// - Parameter stages: the number of stages.
    /// - Returns: timm for one stage, the authors' for more.
    static func usual(stages: Int) -> Self { stages == 1 ? .timm : .authors }

    /// The tensors of a checkpoint that hold a parameter: one, or several to concatenate by rows.
    ///
    /// - Parameters:
    ///   - parameter: the parameter.
    ///   - stages: the model's number of stages.
    /// - Returns: names, with the stage but without the prefixes of training tools, and shapes.
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
            // A dense layer over the patch's pixels, channel-major: the same elements, flattened.
            extents = [extents[0], extents.dropFirst().reduce(1, *)]
        }
        return names.map { StoredTensor(name: $0, shape: Shape(extents)) }
    }

    /// Whether names begin with the stage's prefix.
    var isOfCascades: Bool { self == .authors || self == .mindSpore }

    /// `less_less_token.`, `less_token.`, `normal_token.`: one `less_` per following stage, as in
    /// the released cascades of two and three stages.
    fileprivate static func prefix(stage: Int, of count: Int) -> String {
        let following = count - 1 - stage
        let quantity = following == 0 ? "normal_" : String(repeating: "less_", count: following)
        return quantity + "token."
    }
}

/// Detects a checkpoint's family from its names.
struct NamingSigns {
    private var family: ParameterNaming?
    /// The first components of the names with fused q, k and v.
    private var fusedPrefixes: Set<String> = []

    /// Inspects the names.
    ///
    /// - Parameter names: the tensors' names without prefixes, in any order.
    init(_ names: some Sequence<String>) {
        var (hasHuggingFaces, isDINOv2, isCLIP) = (false, false, false)
        for name in names {
            let parts = name.utf8.split(separator: UInt8(ascii: "."))
            if parts.contains(where: { $0.elementsEqual("to_q".utf8) }) {
                family = .mindSpore
            } else if parts.contains(where: { $0.elementsEqual("qkv".utf8) }),
                let first = parts.first
            {
                fusedPrefixes.insert(String(Substring(first)))
            }
            hasHuggingFaces = hasHuggingFaces || name.hasPrefix("encoder.layer.")
            isDINOv2 = isDINOv2 || name == "encoder.layer.0.norm1.weight"
            isCLIP = isCLIP || name == "encoder.layers.0.self_attn.q_proj.weight"
        }
        if family == nil, isCLIP { family = .huggingFaceCLIP }
        guard family == nil, hasHuggingFaces else { return }
        family = isDINOv2 ? .huggingFaceDINOv2 : .huggingFace
    }

    /// The family of a model's checkpoint.
    ///
    /// - Parameter stages: the model's number of stages.
    /// - Returns: the family, or nil if the names are ambiguous.
    func family(stages: Int) -> ParameterNaming? {
        let last = ParameterNaming.prefix(stage: stages - 1, of: stages).dropLast()
        return family ?? (fusedPrefixes.contains(String(last)) ? .authors : nil)
    }
}

/// A tensor of a checkpoint that holds a parameter, or some rows of one.
package struct StoredTensor: Hashable, Sendable {
    /// The name in the checkpoint.
    package let name: String
    /// The shape in the checkpoint.
    package let shape: Shape
}

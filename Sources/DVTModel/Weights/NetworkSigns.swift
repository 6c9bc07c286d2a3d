internal import DVTCore
import DVTSupport

/// What the names of a checkpoint say about the network that it belongs to.
enum NetworkSigns {
    /// The network, if its names are certain.
    ///
    /// - Parameter names: the names of the tensors.
    /// - Returns: a clause such as `its names are those of a ResNet, which dvt does not run`, or nil.
    static func text(_ names: some Collection<String>) -> String? {
        for (parts, network) in networks where parts.allSatisfy({ holds(names, $0) }) {
            return "its names are those of \(network), which dvt does not run"
        }
        for (part, feature) in features where holds(names, part) {
            return "its network has \(feature), which dvt does not compute"
        }
        return nil
    }

    private static func holds(_ names: some Collection<String>, _ part: String) -> Bool {
        names.contains { ".\($0).".contains(part) }
    }

    /// Parts of names that all occur in a network's checkpoints; a period is the start or end of a
    /// component.
    private static let networks: [(parts: [String], network: String)] = [
        ([".lora_A."], "a LoRA adapter without the weights that it adapts"),
        ([".layer1.0.conv1.weight.", ".bn1.running_mean."], "a ResNet"),
        ([".conv_stem.weight.", ".bn1.running_mean."], "an EfficientNet or MobileNet"),
        ([".features.denseblock1.denselayer1."], "a DenseNet"),
        ([".downsample_layers.", ".dwconv."], "a ConvNeXt"),
        ([".stages.0.blocks.0.conv_dw.weight."], "a ConvNeXt"),
        ([".layers.0.blocks.0.attn.relative_position_bias_table."], "a Swin Transformer"),
        ([".layers.0.blocks.0.attn.logit_scale."], "a Swin Transformer V2"),
        ([".swin.encoder.layers.0."], "a Swin Transformer"),
        ([".mlp_tokens.fc1."], "an MLP-Mixer"),
        ([".MixerBlock_0/"], "an MLP-Mixer of the original JAX code"),
        ([".blocks_token_only.0."], "a CaiT"),
        ([".block1.0.attn.q.weight.", ".patch_embed1."], "a Pyramid ViT"),
        ([".visual.transformer.resblocks."], "a CLIP with OpenAI's names"),
        ([".vision_model.encoder.layers."], "a CLIP or SigLIP of Hugging Face transformers"),
        ([".encoder.layers.encoder_layer_0."], "torchvision's ViT"),
        ([".word_embeddings.weight."], "a language model"),
        ([".lm_head.weight."], "a language model"),
        ([".decoder_embed.weight."], "a masked autoencoder with its decoder"),
    ]

    /// Parts of names of ViTs with layers that networks here do not have.
    private static let features: [(part: String, feature: String)] = [
        (".attn.q_norm.", "LayerNorms of queries and keys (qk-norm)"),
        (".attn.relative_position_bias_table.", "relative position biases, as a BEiT"),
        (".rel_pos_h.", "relative positions, as SAM's image encoder"),
        (".attn.q_bias.", "biases of queries and values alone, as a BEiT or EVA"),
        (".mlp.w12.", "an MLP with SwiGLU"), (".mlp.fc1_g.", "an MLP with SwiGLU"),
        (".mlp.weights_in.", "an MLP with SwiGLU"),
        (".attn_pool.latent.", "pooling by attention"),
        (".pre_logits.fc.", "a layer between the features and the head (pre_logits)"),
        (".dwconv.", "convolutions within its blocks"),
    ]
}

/// The sizes of the plain ViT in a checkpoint, as far as its tensors show them.
struct PlainNetwork {
    let width: Int
    let blocks: Int
    let patch: Int

    /// Reads the sizes; nil if the names are not those of one plain ViT.
    ///
    /// - Parameter shapes: the shapes by the names without prefixes.
    init?(_ shapes: [String: Shape]) {
        let patches = [
            "patch_embed.proj.weight", "embeddings.patch_embeddings.projection.weight",
        ]
        guard let shape = patches.lazy.compactMap({ shapes[$0] }).first, shape.rank == 4 else {
            return nil
        }
        let indices = shapes.keys.compactMap { name -> Int? in
            for start in ["blocks.", "encoder.layer."] where name.hasPrefix(start) {
                return Int(name.dropFirst(start.count).prefix { $0 != "." })
            }
            return nil
        }
        (width, blocks, patch) = (shape[0], Set(indices).count, shape[3])
    }

    var description: String {
        "a plain ViT of width \(width) with \(blocks) blocks and patches of \(patch) pixels"
    }
}

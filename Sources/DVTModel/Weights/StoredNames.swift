internal import DVTCore
import DVTSupport

/// The names and shapes of a checkpoint's tensors without the prefixes of tools and other modules.
///
/// What precedes the weights of the patches is the network's prefix, whatever its parts and their
/// order are: `module.backbone.`, `teacher.net.0.`. A name that shares only its first parts, as that
/// of a head beside the backbone does, loses these.
struct StoredNames {
    /// The prefix, or an empty text if it has only parts that are always ignored.
    let prefix: String
    /// The prefixes of the networks if the file holds several, otherwise empty.
    let networks: [String]
    /// The names in the file by the names without prefixes.
    private(set) var names: [String: String] = [:]
    /// The shapes by the names without prefixes.
    private(set) var shapes: [String: Shape] = [:]
    /// Two names that are equal without prefixes.
    private(set) var clash: (String, String)?
    private let stored: [String: Shape]

    /// Finds the prefix and removes it.
    ///
    /// - Parameter stored: the shapes by the names in the file.
    init(_ stored: [String: Shape]) {
        self.stored = stored
        let found = Self.prefixes(stored.keys)
        let prefix = found.count == 1 ? found[0] : ""
        self.prefix = Self.unwrapped(prefix).isEmpty ? "" : prefix
        networks = found.count > 1 ? found : []
        let isHuggingFaces = stored.keys.contains { $0.hasSuffix(Self.patchWeights[1]) }
        for (name, shape) in stored.sorted(by: { $0.key < $1.key }) {
            var own = Self.unwrapped(Self.removing(self.prefix, from: name))
            if isHuggingFaces { own = ParameterNaming.ofFiles(own) }
            shapes[own] = shape
            if let other = names.updateValue(name, forKey: own) {
                clash = clash ?? (other, name)
            }
        }
    }

    /// The shape of a tensor by its name in the file.
    func shape(inFile name: String) -> Shape? { stored[name] }

    /// Whether a name in the file has the whole prefix.
    func hasPrefix(_ name: String) -> Bool { name.hasPrefix(prefix) }

    private static let wrappers = ["module.", "_orig_mod.", "model.", "vit.", "deit."]

    /// The weights of the patches, in every family; the second is Hugging Face's.
    private static let patchWeights = [
        "patch_embed.proj.weight", "embeddings.patch_embeddings.projection.weight",
        "embeddings.patch_embedding.weight", "tokens_to_token.project.weight",
        "stem.patch_to_embedding.dense.weight",
    ]

    /// What precedes the weights of the patches, without the stages' names.
    private static func prefixes(_ names: some Collection<String>) -> [String] {
        let found = names.compactMap { name -> String? in
            guard let end = patchWeights.first(where: name.hasSuffix),
                !TrainingState.holds(unwrapped(name))
            else { return nil }
            var parts = name.dropLast(end.count).split(
                separator: ".", omittingEmptySubsequences: false)
            // The prefix ends with a period, so its last part is empty.
            guard parts.popLast() == "" || name == end else { return nil }
            if let last = parts.last, isStage(last) { parts.removeLast() }
            return parts.map { $0 + "." }.joined()
        }
        return Set(found).sorted()
    }

    /// Whether the file has no head, as that of a backbone.
    var lacksHead: Bool { !names.keys.contains(where: Self.isHead) }

    /// Whether a tensor is a head's; MindSpore's are numbered, and SigLIP's pooling is below `head.`.
    static func isHead(_ name: String) -> Bool {
        var parts = name.split(separator: ".")
        guard let last = parts.popLast(), last == "weight" || last == "bias" else { return false }
        if parts.last == "0" { parts.removeLast() }
        return parts.last.map { $0 == "head" || $0 == "head_dist" || $0.hasSuffix("classifier") }
            ?? false
    }

    /// Whether a part is `normal_token`, `less_token`, `less_less_token` and so on.
    static func isStage(_ part: Substring) -> Bool {
        let words = part.split(separator: "_", omittingEmptySubsequences: false)
        return words.last == "token"
            && (words.dropLast() == ["normal"]
                || words.count > 1 && words.dropLast().allSatisfy { $0 == "less" })
    }

    /// A name without the parts that it shares with the prefix.
    private static func removing(_ prefix: String, from name: String) -> String {
        var rest = name[...]
        for part in prefix.split(separator: ".") {
            guard rest.hasPrefix(part + ".") else { break }
            rest = rest.dropFirst(part.count + 1)
        }
        return String(rest)
    }

    private static func unwrapped(_ name: String) -> String {
        var rest = name[...]
        while let wrapper = wrappers.first(where: rest.hasPrefix) {
            rest = rest.dropFirst(wrapper.count)
        }
        return String(rest)
    }
}

/// Tensors of a training run beside those of the network: an optimizer's averages, counters and
/// rates.
enum TrainingState {
    /// Whether a tensor is one.
    ///
    /// - Parameter name: its name without wrappers.
    /// - Returns: whether its name is that of one.
    static func holds(_ name: String) -> Bool {
        scalars.contains(name) || prefixes.contains(where: name.hasPrefix)
    }

    private static let scalars: Set = [
        "epoch_num", "step_num", "global_step", "cur_step", "cur_epoch_num", "learning_rate",
        "beta1_power", "beta2_power", "weight_decay", "momentum", "loss_scale", "scale_sense",
        "current_iterator_step", "last_overflow_iterator_step", "good_steps", "opt/step", "step",
    ]
    private static let prefixes = [
        "moment1.", "moment2.", "moments.", "adam_m.", "adam_v.", "average.", "accum.", "stat.",
        "mean_gradient.", "mean_square.", "opt/state/", "opt_state/",
    ]
}

/// Tensors that are no parameters of the network: Hugging Face's pooler, the token of masked
/// training, the text tower beside that of images, and buffers that no network here uses.
enum UnusedTensors {
    /// Whether a tensor is one.
    ///
    /// - Parameter name: its name without prefixes.
    /// - Returns: whether its name is that of one.
    static func hold(_ name: String) -> Bool {
        names.contains(name) || otherTowers.contains(where: name.hasPrefix)
            || buffers.contains(String(name.split(separator: ".").last ?? ""))
    }

    private static let names: Set = [
        "pooler.dense.weight", "pooler.dense.bias", "embeddings.mask_token", "mask_token",
    ]
    private static let otherTowers = [
        "text_model.", "text_projection.", "visual_projection.", "logit_scale", "logit_bias",
    ]
    /// The last component of names.
    private static let buffers: Set = [
        "n_averaged", "position_ids", "relative_position_index", "total_ops", "total_params",
        "num_batches_tracked",
    ]
}

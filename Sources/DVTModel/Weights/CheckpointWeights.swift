public import DVTCore
import DVTSupport

/// The weights of a checkpoint, with every name and shape checked.
///
/// Names may follow any ``ParameterNaming``. The prefixes that training tools add are ignored:
/// `module.` (DataParallel), `_orig_mod.` (compiled models), `model.`, `vit.` and `deit.` (Hugging
/// Face), and any other that all tensors of a plain model's network share, such as `backbone.`.
public struct CheckpointWeights: StoredParameterSource, AdaptableWeights {
    /// The open checkpoint.
    public let file: any NamedTensors
    /// The prefix, such as `backbone.`, that the names of a plain model's network share; often empty.
    package let prefix: String
    /// The names in the file by the names without prefixes.
    private let names: [String: String]
    /// The shapes by the names without prefixes.
    private let shapes: [String: Shape]
    /// Two names that are equal without prefixes.
    private let clash: (String, String)?
    private let signs: NamingSigns
    private let resamplesPositions: Bool
    /// Whether a plain model's head that the file lacks is a head of zeros, for a network that only
    /// computes features.
    package var fillsMissingHead = false

    /// Creates the source.
    ///
    /// - Parameters:
    ///   - file: the open checkpoint.
    ///   - resamplesPositions: whether a plain model's position embeddings for another image size
    ///     are resampled to the model's grid, as timm or Hugging Face transformers do.
    public init(_ file: any NamedTensors, resamplingPositions resamplesPositions: Bool = false) {
        self.file = file
        self.resamplesPositions = resamplesPositions
        var names: [String: String] = [:]
        var shapes: [String: Shape] = [:]
        var clash: (String, String)?
        let prefix = Self.commonPrefix(file.shapes.keys.map(Self.unwrapped))
        let isHuggingFaces = file.shapes.keys.contains { $0.hasSuffix(Self.patchWeights[1]) }
        for (name, shape) in file.shapes.sorted(by: { $0.key < $1.key }) {
            var own = Self.unwrapped(name)
            if own.hasPrefix(prefix) { own = Self.unwrapped(String(own.dropFirst(prefix.count))) }
            if isHuggingFaces { own = ParameterNaming.ofFiles(own) }
            shapes[own] = shape
            if let other = names.updateValue(name, forKey: own) {
                clash = clash ?? (other, name)
            }
        }
        self.prefix = prefix
        self.names = names
        self.shapes = shapes
        self.clash = clash
        signs = NamingSigns(names.keys)
    }

    /// The outputs of a plain model's head, or nil if there is none.
    var headOutputs: Int? {
        ["head.weight", "classifier.weight", "cls_classifier.weight"].lazy
            .compactMap { shapes[$0] }.first { $0.rank == 2 }?[0]
    }

    /// Whether the file has no head, as that of a backbone.
    package var lacksHead: Bool {
        !shapes.keys.contains(where: Self.isHead)
    }

    /// Whether the layers that compute q, k and v have biases.
    var hasQKVBias: Bool {
        shapes.keys.contains { $0.hasSuffix(".attn.qkv.bias") }
    }

    /// Whether a LayerNorm follows the pooling: timm then names it otherwise.
    var normalizesPooled: Bool { shapes["fc_norm.weight"] != nil }

    /// The prefix that was found, tensors that are ignored, and positions that are resampled.
    package func notes(for configuration: CascadeConfiguration) -> [String] {
        let needed = Set(
            configuration.parameters.flatMap { recipe($0, of: configuration).parts.map(\.name) })
        let ignored = names.keys.filter { !needed.contains($0) && Self.isUnused($0) }.sorted()
        let positions = configuration.parameters.lazy.filter { $0.role == .positions }.compactMap {
            parameter -> String? in
            let stored = recipe(parameter, of: configuration).parts
            let prefix = configuration.stages[parameter.stage].prefixTokens
            let side = stored.first.flatMap { part in
                [prefix, 1, 0].lazy.compactMap { squareSide(part.shape[1] - $0) }.first
            }
            let grid = configuration.stages[parameter.stage].grid
            guard let side, side != grid else { return nil }
            return "positions are resampled from \(side) x \(side) to \(grid) x \(grid)"
        }
        return (prefix.isEmpty ? [] : ["names begin with \(quoted(prefix))"]) + positions
            + (ignored.isEmpty
                ? []
                : [
                    "\(ignored.count) tensors are not the network's and ignored, first "
                        + quoted(ignored[0])
                ])
    }

    /// Checks that the file has exactly the model's parameters, with their shapes.
    ///
    /// - Parameter configuration: the model.
    /// - Throws: ``ModelError/weightsMismatch(origin:model:reason:)``, which names the first
    ///   missing, misshapen or unexpected tensor, and their number.
    public func check(_ configuration: CascadeConfiguration) throws {
        let needed = configuration.parameters.flatMap { recipe($0, of: configuration).parts }
        if let fault = firstFault(needed: needed) {
            throw ModelError.weightsMismatch(
                origin: file.origin, model: configuration.name, reason: fault)
        }
    }

    /// Reads one parameter.
    ///
    /// - Parameters:
    ///   - parameter: the parameter.
    ///   - configuration: the model it belongs to.
    /// - Returns: its values.
    /// - Throws: the file's own error.
    public func tensor(
        _ parameter: ParameterSpecification, of configuration: CascadeConfiguration
    ) throws -> Tensor {
        let recipe = recipe(parameter, of: configuration)
        let parts = try recipe.parts.map(tensor)
        return recipe.combine?(parts) ?? .joined(parts, as: parameter.shape)
    }

    /// The tensors of the file that hold a parameter.
    ///
    /// - Parameters:
    ///   - parameter: the parameter.
    ///   - configuration: the model it belongs to.
    /// - Returns: the parts, named without prefixes; the parameter itself if it is computed from
    ///   other tensors.
    package func parts(
        of parameter: ParameterSpecification, in configuration: CascadeConfiguration
    ) -> [ParameterPart] {
        let recipe = recipe(parameter, of: configuration)
        guard recipe.combine != nil else {
            return recipe.parts.map { stored in ParameterPart(stored) { try tensor(stored) } }
        }
        let usual = naming(of: configuration).storedTensors(
            parameter, stages: configuration.stages.count)
        return usual.map { stored in
            ParameterPart(stored) { try tensor(parameter, of: configuration) }
        }
    }

    package func origin(of parameter: ParameterSpecification) -> String { file.origin }

    package func shapes(
        of parameter: ParameterSpecification, in configuration: CascadeConfiguration
    ) -> [(name: String, needed: Shape, actual: Shape?)] {
        recipe(parameter, of: configuration).parts.map { stored in
            (stored.name, stored.shape, shapes[stored.name])
        }
    }

    private func naming(of configuration: CascadeConfiguration) -> ParameterNaming {
        signs.family(stages: configuration.stages.count) ?? configuration.naming
    }

    private func recipe(
        _ parameter: ParameterSpecification, of configuration: CascadeConfiguration
    ) -> ParameterRecipe {
        ParameterRecipes(
            naming: naming(of: configuration), resamplesPositions: resamplesPositions,
            fillsHead: fillsMissingHead && lacksHead,
            shapes: shapes
        ).recipe(parameter, of: configuration)
    }

    private func tensor(_ stored: StoredTensor) throws -> Tensor {
        try file.tensor(named: names[stored.name] ?? stored.name)
    }
}

extension CheckpointWeights {
    private static let wrappers = ["module.", "_orig_mod.", "model.", "vit.", "deit."]
    /// Tensors that are not parameters of the network: Hugging Face's pooler and the token of masked
    /// training, and MindSpore's training state.
    private static let unused: Set = [
        "pooler.dense.weight", "pooler.dense.bias", "embeddings.mask_token", "mask_token",
        "epoch_num", "step_num", "global_step", "learning_rate", "beta1_power", "beta2_power",
    ]
    /// The last component of the names of buffers that no network here uses.
    private static let unusedBuffers: Set = [
        "n_averaged", "position_ids", "relative_position_index", "total_ops", "total_params",
        "num_batches_tracked",
    ]
    /// The first components of the names of a text tower beside the images'.
    private static let otherTowers = [
        "text_model.", "text_projection.", "visual_projection.", "logit_scale", "logit_bias",
    ]
    private static let optimizerStates = [
        "moment1.", "moment2.", "moments.", "adam_m.", "adam_v.", "average.",
    ]

    /// Whether a tensor that the model does not have may be ignored.
    private static func isUnused(_ name: String) -> Bool {
        unused.contains(name) || otherTowers.contains(where: name.hasPrefix)
            || optimizerStates.contains(where: name.hasPrefix)
            || unusedBuffers.contains(String(name.split(separator: ".").last ?? ""))
    }

    /// The weights of a plain model's patches, in every family.
    private static let patchWeights = [
        "patch_embed.proj.weight", "embeddings.patch_embeddings.projection.weight",
        "embeddings.patch_embedding.weight",
    ]

    /// What precedes the patches' weights, if there is one network.
    private static func commonPrefix(_ names: [String]) -> String {
        let found = names.flatMap { name in
            patchWeights.filter(name.hasSuffix).map { String(name.dropLast($0.count)) }
        }
        guard found.count == 1, found[0].hasSuffix("."), !found[0].hasSuffix("_token.") else {
            return ""
        }
        return found[0]
    }

    /// Whether a tensor is a head's; MindSpore's are numbered, and SigLIP's pooling is below `head.`.
    private static func isHead(_ name: String) -> Bool {
        var parts = name.split(separator: ".")
        guard let last = parts.popLast(), last == "weight" || last == "bias" else { return false }
        if parts.last == "0" { parts.removeLast() }
        return parts.last.map { $0 == "head" || $0 == "head_dist" || $0.hasSuffix("classifier") }
            ?? false
    }

    private static func unwrapped(_ name: String) -> String {
        var rest = name[...]
        while let wrapper = wrappers.first(where: rest.hasPrefix) {
            rest = rest.dropFirst(wrapper.count)
        }
        return String(rest)
    }

    private func firstFault(needed: [StoredTensor]) -> String? {
        if let clash {
            return "both \(quoted(clash.0)) and \(quoted(clash.1)) name the same parameter"
        }
        let missing = needed.filter { names[$0.name] == nil }
        if lacksHead, !missing.isEmpty, missing.allSatisfy({ Self.isHead($0.name) }) {
            return "it has no head, only a backbone; its features can be used, or a head trained"
        }
        if let first = missing.first {
            let count = missing.count == 1 ? "a tensor is" : "\(missing.count) tensors are"
            return "\(count) missing, first \(first.name) \(first.shape)"
        }
        for stored in needed {
            if let actual = shapes[stored.name], actual != stored.shape {
                return "\(stored.name) has shape \(actual), but \(stored.shape) is needed"
            }
        }
        return extraTensors(needed: needed)
    }

    private func extraTensors(needed: [StoredTensor]) -> String? {
        let extra = Set(names.keys).subtracting(needed.map(\.name)).filter { !Self.isUnused($0) }
        guard let first = extra.min(), let name = names[first] else { return nil }
        let shape = file.shapes[name].map { " \($0)" } ?? ""
        let text = quoted(name) + shape
        return extra.count == 1
            ? "it holds \(text), which the model does not have; is this another model's file?"
            : """
            it holds \(extra.count) unexpected tensors, first \(text); is this another model's file?
            """
    }
}

extension Tensor {
    /// Concatenates tensors along their first axis.
    ///
    /// - Parameters:
    ///   - parts: at least one.
    ///   - shape: the shape of the result.
    /// - Returns: the tensor.
    package static func joined(_ parts: [Tensor], as shape: Shape) -> Tensor {
        guard parts.count > 1 else { return Tensor(shape, values: parts[0].values) }
        return Tensor(shape, values: parts.flatMap(\.values))
    }
}

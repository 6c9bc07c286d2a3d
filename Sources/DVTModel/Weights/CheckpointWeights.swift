public import DVTCore
import DVTSupport

/// The weights of a checkpoint, with every name and shape checked.
///
/// Names may follow any ``ParameterNaming``. The prefixes that training tools add are ignored:
/// `module.` (DataParallel), `_orig_mod.` (compiled models), `model.`, `vit.` and `deit.` (Hugging
/// Face), and any other that precedes the weights of the patches, such as `backbone.`.
public struct CheckpointWeights: StoredParameterSource, AdaptableWeights {
    /// The open checkpoint.
    public let file: any NamedTensors
    /// The prefix, such as `backbone.`, that the names of the network share; often empty.
    package var prefix: String { stored.prefix }
    private let stored: StoredNames
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
        stored = StoredNames(file.shapes)
        signs = NamingSigns(stored.names.keys)
    }

    /// The shapes by the names without prefixes.
    private var shapes: [String: Shape] { stored.shapes }

    /// The number of attention heads, if the file states it.
    package var heads: Int? { (file as? any StatesHeads)?.heads }

    /// The outputs of a plain model's head, or nil if there is none.
    var headOutputs: Int? {
        ["head.weight", "classifier.weight", "cls_classifier.weight"].lazy
            .compactMap { shapes[$0] }.first { $0.rank == 2 }?[0]
    }

    /// Whether the file has no head, as that of a backbone.
    package var lacksHead: Bool { stored.lacksHead }

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
        return prefixNotes(needed) + resamplingNotes(for: configuration) + ignoredNotes(needed)
    }

    private func prefixNotes(_ needed: Set<String>) -> [String] {
        guard !prefix.isEmpty else { return [] }
        let outside = needed.compactMap { stored.names[$0] }.filter { !stored.hasPrefix($0) }
            .sorted()
        let shown = outside.prefix(2).map { quoted($0, limit: 48) }.joined(separator: ", ")
        return ["names begin with \(quoted(prefix))"]
            + (outside.isEmpty
                ? []
                : ["\(outside.count) parameters are taken from outside \(quoted(prefix)): \(shown)"])
    }

    private func resamplingNotes(for configuration: CascadeConfiguration) -> [String] {
        configuration.parameters.filter { $0.role == .positions }.compactMap { parameter in
            let stored = recipe(parameter, of: configuration).parts
            let prefix = configuration.stages[parameter.stage].prefixTokens
            let side = stored.first.flatMap { part in
                // CLIP's positions are a matrix.
                let count = part.shape[part.shape.rank == 2 ? 0 : 1]
                return [prefix, 1, 0].lazy.compactMap { squareSide(count - $0) }.first
            }
            let grid = configuration.stages[parameter.stage].grid
            guard let side, side != grid else { return nil }
            return "positions are resampled from \(side) x \(side) to \(grid) x \(grid)"
        }
    }

    private func ignoredNotes(_ needed: Set<String>) -> [String] {
        let others = stored.names.keys.filter { !needed.contains($0) }.sorted()
        let state = others.filter(TrainingState.holds)
        let unused = others.filter { UnusedTensors.hold($0) && !TrainingState.holds($0) }
        return [
            (state, "the state of a training run and skipped"),
            (unused, "not the network's and ignored"),
        ].compactMap { names, what in
            guard let first = names.first else { return nil }
            return names.count == 1
                ? "\(quoted(first)) is \(what)"
                : "\(names.count) tensors are \(what), first \(quoted(first))"
        }
    }

    /// Checks that the file has exactly the model's parameters, with their shapes.
    ///
    /// - Parameter configuration: the model.
    /// - Throws: ``ModelError/weightsMismatch(origin:model:reason:)``, which names the first
    ///   missing, misshapen or unexpected tensor, and their number, or the numbers of heads.
    public func check(_ configuration: CascadeConfiguration) throws {
        if let reason = mismatch(configuration).reason {
            throw ModelError.weightsMismatch(
                origin: file.origin, model: configuration.name, reason: reason)
        }
        try checkHeads(configuration)
    }

    private func mismatch(_ configuration: CascadeConfiguration) -> WeightsMismatch {
        WeightsMismatch(
            stored: stored, configuration: configuration,
            needed: configuration.parameters.flatMap { recipe($0, of: configuration).parts })
    }

    package func leftovers(for configuration: CascadeConfiguration) -> [String] {
        [mismatch(configuration).leftovers].compactMap { $0 }
    }

    package func checkHeads(_ configuration: CascadeConfiguration) throws {
        guard let heads, let stage = configuration.stages.first(where: { $0.heads != heads }) else {
            return
        }
        throw ModelError.weightsMismatch(
            origin: file.origin, model: configuration.name,
            reason: "its attention has \(heads) heads, and the model \(stage.heads)")
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
        try file.tensor(named: self.stored.names[stored.name] ?? stored.name)
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

public import DVTCore
import DVTSupport

/// The weights of a checkpoint, with every name and shape checked.
///
/// Names may follow any ``ParameterNaming``. The prefixes that training tools add are ignored:
/// `module.` (DataParallel), `_orig_mod.` (compiled models), `model.`, `vit.` and `deit.` (Hugging
/// Face).
public struct CheckpointWeights: StoredParameterSource {
    /// The open checkpoint.
    public let file: any NamedTensors
    /// The names in the file by the names without prefixes.
    private let names: [String: String]
    /// Two names that are equal without prefixes.
    private let clash: (String, String)?
    private let signs: NamingSigns

    /// Creates the source.
    ///
    /// - Parameter file: the open checkpoint.
    public init(_ file: any NamedTensors) {
        self.file = file
        var names: [String: String] = [:]
        var clash: (String, String)?
        for name in file.shapes.keys.sorted() {
            if let other = names.updateValue(name, forKey: Self.unwrapped(name)) {
                clash = clash ?? (other, name)
            }
        }
        self.names = names
        self.clash = clash
        signs = NamingSigns(names.keys)
    }

    /// Checks that the file has exactly the model's parameters, with their shapes.
    ///
    /// - Parameter configuration: the model.
    /// - Throws: ``ModelError/weightsMismatch(origin:model:reason:)``, which names the first
    ///   missing, misshapen or unexpected tensor, and their number.
    public func check(_ configuration: CascadeConfiguration) throws {
        let needed = configuration.parameters.flatMap { storedTensors($0, of: configuration) }
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
        let parts = try storedTensors(parameter, of: configuration).map(tensor)
        return .joined(parts, as: parameter.shape)
    }

    /// The tensors of the file that hold a parameter.
    ///
    /// - Parameters:
    ///   - parameter: the parameter.
    ///   - configuration: the model it belongs to.
    /// - Returns: the parts, named without prefixes.
    package func parts(
        of parameter: ParameterSpecification, in configuration: CascadeConfiguration
    ) -> [ParameterPart] {
        storedTensors(parameter, of: configuration).map { stored in
            ParameterPart(stored) { try tensor(stored) }
        }
    }

    /// The tensors that hold a parameter, with the required shapes and those in the file.
    ///
    /// - Parameters:
    ///   - parameter: the parameter.
    ///   - configuration: the model it belongs to.
    /// - Returns: names and shapes; the actual shape is nil for a missing tensor.
    package func shapes(
        of parameter: ParameterSpecification, in configuration: CascadeConfiguration
    ) -> [(name: String, needed: Shape, actual: Shape?)] {
        storedTensors(parameter, of: configuration).map { stored in
            (stored.name, stored.shape, names[stored.name].flatMap { file.shapes[$0] })
        }
    }

    private func storedTensors(
        _ parameter: ParameterSpecification, of configuration: CascadeConfiguration
    ) -> [StoredTensor] {
        let stages = configuration.stages.count
        let naming = signs.family(stages: stages) ?? configuration.naming
        return naming.storedTensors(parameter, stages: stages)
    }

    private func tensor(_ stored: StoredTensor) throws -> Tensor {
        try file.tensor(named: names[stored.name] ?? stored.name)
    }
}

extension CheckpointWeights {
    private static let wrappers = ["module.", "_orig_mod.", "model.", "vit.", "deit."]
    /// Tensors that are not parameters: Hugging Face's pooler, and MindSpore's training state.
    private static let unused: Set = [
        "pooler.dense.weight", "pooler.dense.bias", "epoch_num", "step_num", "global_step",
        "learning_rate", "beta1_power", "beta2_power",
    ]
    private static let optimizerStates = [
        "moment1.", "moment2.", "moments.", "adam_m.", "adam_v.", "average.",
    ]

    /// Whether a tensor that the model does not have may be ignored.
    private static func isUnused(_ name: String) -> Bool {
        unused.contains(name) || optimizerStates.contains(where: name.hasPrefix)
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
        if let first = missing.first {
            let count = missing.count == 1 ? "a tensor is" : "\(missing.count) tensors are"
            return "\(count) missing, first \(first.name) \(first.shape)"
        }
        for stored in needed {
            if let actual = names[stored.name].flatMap({ file.shapes[$0] }),
                actual != stored.shape
            {
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

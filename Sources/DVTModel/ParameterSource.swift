import DVTCore

/// Where a model's parameters come from.
public protocol ParameterSource {
    /// Checks, before any is read, that every parameter of a model can be had.
    ///
    /// - Parameter configuration: the model.
    /// - Throws: ``ModelError/weightsMismatch(origin:model:reason:)`` if not.
    func check(_ configuration: CascadeConfiguration) throws

    /// Reads one parameter.
    ///
    /// - Parameters:
    ///   - parameter: which one.
    ///   - configuration: the model it belongs to.
    /// - Returns: its values, of the specified shape.
    /// - Throws: the source's own error.
    func tensor(
        _ parameter: ParameterSpecification, of configuration: CascadeConfiguration
    ) throws -> Tensor
}

/// Untrained weights that depend on their checkpoint names and a seed alone.
///
/// A LayerNorm's weight is `1 + 0.1 u`, biases `0.1 u`, the class token and positions `0.2 u`, a
/// performer's random features u, any other tensor `g sqrt(3 / fanIn) u` with g = 4 for the head,
/// 0.5 for a performer's `kqv` and 1 elsewhere; u is ``SeededValues`` in [-1, 1). The large head
/// makes confidences spread, so that images leave at every exit.
public struct SyntheticWeights: ParameterSource {
    /// The seed.
    public let seed: UInt64

    /// Creates the source.
    ///
    /// - Parameter seed: the seed.
    public init(seed: UInt64) {
        self.seed = seed
    }

    /// Accepts every model.
    ///
    /// - Parameter configuration: the model.
    public func check(_ configuration: CascadeConfiguration) {}

    /// Generates one parameter.
    ///
    /// - Parameters:
    ///   - parameter: which one.
    ///   - configuration: the model it belongs to.
    /// - Returns: its values.
    public func tensor(
        _ parameter: ParameterSpecification, of configuration: CascadeConfiguration
    ) -> Tensor {
        let stages = configuration.stages.count
        let name = ParameterNaming.usual(stages: stages).checkpointName(parameter, stages: stages)
        let (scale, offset) = Self.spread(name: name, shape: parameter.shape)
        return .uniform(parameter.shape, name: name, seed: seed, scale: scale, offset: offset)
    }

    private static func spread(name: String, shape: Shape) -> (scale: Float, offset: Float) {
        if name.hasSuffix(".bias") { return (0.1, 0) }
        if name.hasSuffix("cls_token") || name.hasSuffix("pos_embed") { return (0.2, 0) }
        if name.hasSuffix(".w") { return (1, 0) }
        if shape.rank == 1 { return (0.1, 1) }
        let fanIn = Double(shape.elementCount / max(shape[0], 1))
        let gain = name.hasSuffix("head.weight") ? 4 : name.hasSuffix("kqv.weight") ? 0.5 : 1
        return (Float(gain * (3 / fanIn).squareRoot()), 0)
    }
}

/// The weights of a checkpoint, every name and shape checked.
public struct CheckpointWeights: ParameterSource {
    /// The open checkpoint.
    public let file: any NamedTensors

    /// Creates the source.
    ///
    /// - Parameter file: the open checkpoint.
    public init(_ file: any NamedTensors) {
        self.file = file
    }

    /// Checks that the file has exactly the model's parameters, each of its shape.
    ///
    /// - Parameter configuration: the model.
    /// - Throws: ``ModelError/weightsMismatch(origin:model:reason:)``, naming the first tensor that
    ///   is missing, misshapen or too many, and how many there are.
    public func check(_ configuration: CascadeConfiguration) throws {
        let shapes = file.shapes
        let naming = ParameterNaming.detected(in: shapes.keys, stages: configuration.stages.count)
        let needed = configuration.parameters.map {
            (naming.checkpointName($0, stages: configuration.stages.count), $0.shape)
        }
        if let fault = Self.firstFault(needed: needed, found: shapes) {
            throw ModelError.weightsMismatch(
                origin: file.origin, model: configuration.name, reason: fault)
        }
    }

    /// Reads one parameter.
    ///
    /// - Parameters:
    ///   - parameter: which one.
    ///   - configuration: the model it belongs to.
    /// - Returns: its values.
    /// - Throws: the file's own error.
    public func tensor(
        _ parameter: ParameterSpecification, of configuration: CascadeConfiguration
    ) throws -> Tensor {
        let stages = configuration.stages.count
        let naming = ParameterNaming.detected(in: file.shapes.keys, stages: stages)
        return try file.tensor(named: naming.checkpointName(parameter, stages: stages))
    }

    private static func firstFault(
        needed: [(name: String, shape: Shape)], found: [String: Shape]
    ) -> String? {
        let missing = needed.filter { found[$0.name] == nil }
        if let first = missing.first {
            let count = missing.count == 1 ? "a tensor is" : "\(missing.count) tensors are"
            return "\(count) missing, first \(first.name) \(first.shape)"
        }
        for (name, shape) in needed {
            if let actual = found[name], actual != shape {
                return "\(name) has shape \(actual), but \(shape) is needed"
            }
        }
        let extra = Set(found.keys).subtracting(needed.map(\.name)).sorted()
        guard let first = extra.first else { return nil }
        let name = quoted(first)
        return extra.count == 1
            ? "it holds \(name), which the model has not; is this another model's file?"
            : "it holds \(extra.count) tensors too many, first \(name); is this another model's file?"
    }
}

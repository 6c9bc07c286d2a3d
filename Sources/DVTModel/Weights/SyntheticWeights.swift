import DVTCore

/// Untrained weights that depend on their checkpoint names and a seed alone.
///
/// A LayerNorm's weight is `1 + 0.1 u`, biases `0.1 u`, the class token and positions `0.2 u`, a
/// performer's random features u, any other tensor `g sqrt(3 / fanIn) u` with g = 4 for the head,
/// 0.5 for a performer's `kqv` and 1 elsewhere; u is ``/DVTCore/SeededValues`` in [-1, 1). The
/// large head makes confidences spread, so that images leave at every exit.
public struct SyntheticWeights: StoredParameterSource {
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
        .joined(storedTensors(parameter, of: configuration).map(tensor), as: parameter.shape)
    }

    /// The tensors that a checkpoint of the model would hold a parameter in.
    ///
    /// - Parameters:
    ///   - parameter: which one.
    ///   - configuration: the model it belongs to.
    /// - Returns: the parts, as the model's own family spells and splits them.
    package func parts(
        of parameter: ParameterSpecification, in configuration: CascadeConfiguration
    ) -> [ParameterPart] {
        storedTensors(parameter, of: configuration).map { stored in
            ParameterPart(stored) { tensor(stored) }
        }
    }

    private func storedTensors(
        _ parameter: ParameterSpecification, of configuration: CascadeConfiguration
    ) -> [StoredTensor] {
        configuration.naming.storedTensors(parameter, stages: configuration.stages.count)
    }

    private func tensor(_ stored: StoredTensor) -> Tensor {
        let (scale, offset) = Self.spread(name: stored.name, shape: stored.shape)
        return .uniform(stored.shape, name: stored.name, seed: seed, scale: scale, offset: offset)
    }

    private static func spread(name: String, shape: Shape) -> (scale: Float, offset: Float) {
        if name.hasSuffix(".bias") || name.hasSuffix(".beta") { return (0.1, 0) }
        let isPosition = name.hasSuffix("pos_embed") || name.hasSuffix("pos_embedding")
        if isPosition || name.hasSuffix("cls_token") { return (0.2, 0) }
        if name.hasSuffix(".w") { return (1, 0) }
        if shape.rank == 1 { return (0.1, 1) }
        let fanIn = Double(shape.elementCount / max(shape[0], 1))
        return (Float(gain(name: name) * (3 / fanIn).squareRoot()), 0)
    }

    private static func gain(name: String) -> Double {
        let isHead = name.hasSuffix("head.weight") || name.hasSuffix("head.0.weight")
        return isHead ? 4 : name.hasSuffix("kqv.weight") ? 0.5 : 1
    }
}

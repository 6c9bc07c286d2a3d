public import DVTCore

/// Untrained weights that depend only on their checkpoint names and a seed.
///
/// A LayerNorm's scale is `1 + 0.1 u`, biases are `0.1 u`, the class token and positions `0.2 u`, a
/// performer's random features u, any other tensor `g sqrt(3 / fanIn) u` with g = 4 for the head,
/// 0.5 for a performer's `kqv` and 1 elsewhere; u is uniform in [-1, 1). The head's large gain
/// spreads the confidences, so images exit at every stage.
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
    ///   - parameter: the parameter.
    ///   - configuration: the model it belongs to.
    /// - Returns: its values.
    public func tensor(
        _ parameter: ParameterSpecification, of configuration: CascadeConfiguration
    ) -> Tensor {
        .joined(
            storedTensors(parameter, of: configuration).map { tensor($0, role: parameter.role) },
            as: parameter.shape)
    }

    /// The tensors that would hold a parameter in a checkpoint of the model.
    ///
    /// - Parameters:
    ///   - parameter: the parameter.
    ///   - configuration: the model it belongs to.
    /// - Returns: the parts, as the model's own family names and splits them.
    package func parts(
        of parameter: ParameterSpecification, in configuration: CascadeConfiguration
    ) -> [ParameterPart] {
        storedTensors(parameter, of: configuration).map { stored in
            ParameterPart(stored) { tensor(stored, role: parameter.role) }
        }
    }

    private func storedTensors(
        _ parameter: ParameterSpecification, of configuration: CascadeConfiguration
    ) -> [StoredTensor] {
        configuration.naming.storedTensors(parameter, stages: configuration.stages.count)
    }

    private func tensor(_ stored: StoredTensor, role: ParameterRole) -> Tensor {
        let fanIn = Double(stored.shape.elementCount / max(stored.shape[0], 1))
        let (scale, offset) = role.syntheticSpread(fanIn: fanIn)
        return .uniform(stored.shape, name: stored.name, seed: seed, scale: scale, offset: offset)
    }
}

extension ParameterRole {
    /// The scale and offset of a synthetic parameter's uniform numbers.
    fileprivate func syntheticSpread(fanIn: Double) -> (scale: Float, offset: Float) {
        func weight(gain: Double) -> (Float, Float) {
            (Float(gain * (3 / fanIn).squareRoot()), 0)
        }
        return switch self {
        case .weight: weight(gain: 1)
        case .performerWeight: weight(gain: 0.5)
        case .headWeight: weight(gain: 4)
        case .bias, .headBias, .normShift: (0.1, 0)
        case .normScale: (0.1, 1)
        case .classToken, .positions, .fixedPositions: (0.2, 0)
        case .randomFeatures: (1, 0)
        }
    }
}

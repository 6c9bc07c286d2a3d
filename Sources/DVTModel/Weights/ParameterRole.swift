/// The role of a parameter in the network.
///
/// Initialization, weight decay, freezing and the adaptation of pretrained weights depend on it.
public enum ParameterRole: Hashable, Sendable {
    /// The weight of a linear layer or convolution.
    case weight
    /// The weight of the layer that computes a performer's keys, queries and values.
    case performerWeight
    /// The weight of the classifier.
    case headWeight
    /// The bias of the classifier.
    case headBias
    /// The bias of any other linear layer or convolution.
    case bias
    /// The scale of a LayerNorm.
    case normScale
    /// The shift of a LayerNorm.
    case normShift
    /// The class token.
    case classToken
    /// Learned position embeddings.
    case positions
    /// The sinusoidal position embeddings of a Tokens-to-Token ViT, which are not trained.
    case fixedPositions
    /// The random features of a performer, which are not trained.
    case randomFeatures
}

extension ParameterRole {
    /// Whether training changes the parameter.
    package var isTrained: Bool { self != .fixedPositions && self != .randomFeatures }

    /// Whether weight decay applies: to the weights of layers only.
    package var isDecayed: Bool {
        self == .weight || self == .performerWeight || self == .headWeight
    }

    /// Whether it is the bias of a layer.
    var isBias: Bool { self == .bias || self == .headBias }

    /// Whether it belongs to the classifier, whose size depends on the number of classes.
    package var isHead: Bool { self == .headWeight || self == .headBias }

    /// Whether it holds position embeddings, whose size depends on the token grid.
    package var isPositions: Bool { self == .positions || self == .fixedPositions }
}

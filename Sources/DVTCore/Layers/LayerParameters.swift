/// A linear layer's parameters: weight `[O, K]` (or `[O, C, k, k]`) and bias `[O]`.
public struct LinearParameters<DeviceTensor> {
    /// The weight, outputs first.
    public let weight: DeviceTensor
    /// The bias, or nil.
    public let bias: DeviceTensor?

    /// Creates the parameters.
    ///
    /// - Parameters:
    ///   - weight: outputs first.
    ///   - bias: one value per output, or nil.
    public init(weight: DeviceTensor, bias: DeviceTensor?) {
        self.weight = weight
        self.bias = bias
    }
}

/// A layer normalization's scale, shift and epsilon.
public struct LayerNormParameters<DeviceTensor> {
    /// The scale, `[D]`.
    public let weight: DeviceTensor
    /// The shift, `[D]`.
    public let bias: DeviceTensor
    /// Added to the variance.
    public let epsilon: Float

    /// Creates the parameters.
    ///
    /// - Parameters:
    ///   - weight: the scale, `[D]`.
    ///   - bias: the shift, `[D]`.
    ///   - epsilon: added to the variance.
    public init(weight: DeviceTensor, bias: DeviceTensor, epsilon: Float) {
        self.weight = weight
        self.bias = bias
        self.epsilon = epsilon
    }
}

/// One block's feature-reuse MLP: an optional LayerNorm, fc1, GELU, fc2.
public struct FeatureReuseParameters<DeviceTensor> {
    /// The normalization of the earlier stage's features; nil if they are not normalized.
    public let norm: LayerNormParameters<DeviceTensor>?
    /// The first linear layer, D' to F (128 in the paper's models).
    public let fc1: LinearParameters<DeviceTensor>
    /// The second linear layer, F to E (48 in the paper's models).
    public let fc2: LinearParameters<DeviceTensor>

    /// Creates the parameters.
    ///
    /// - Parameters:
    ///   - norm: over D', or nil.
    ///   - fc1: D' to F.
    ///   - fc2: F to E.
    public init(
        norm: LayerNormParameters<DeviceTensor>?, fc1: LinearParameters<DeviceTensor>,
        fc2: LinearParameters<DeviceTensor>
    ) {
        self.norm = norm
        self.fc1 = fc1
        self.fc2 = fc2
    }
}

/// The two 1x1 convolutions over a stage's attention logits, LH to 3LH to LH channels.
public struct RelationReuseParameters<DeviceTensor> {
    /// The first convolution, `[3LH, LH, 1, 1]`.
    public let expand: LinearParameters<DeviceTensor>
    /// The second convolution, `[LH, 3LH, 1, 1]`.
    public let contract: LinearParameters<DeviceTensor>

    /// Creates the parameters.
    ///
    /// - Parameters:
    ///   - expand: LH to 3LH.
    ///   - contract: 3LH to LH.
    public init(
        expand: LinearParameters<DeviceTensor>, contract: LinearParameters<DeviceTensor>
    ) {
        self.expand = expand
        self.contract = contract
    }
}

/// A linear map's parameters: weight `[O, K]` (or `[O, C, k, k]`) and bias `[O]`.
public struct LinearParameters<DeviceTensor> {
    /// The weight, outputs first.
    public let weight: DeviceTensor
    /// The bias, or nil.
    public let bias: DeviceTensor?

    /// Creates the pair.
    ///
    /// - Parameters:
    ///   - weight: outputs first.
    ///   - bias: one value an output, or nil.
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

/// One block's feature-reuse MLP: LayerNorm where it has one, fc1, GELU, fc2.
public struct FeatureReuseParameters<DeviceTensor> {
    /// The normalization of the earlier stage's features; nil where they are read as they are.
    public let norm: LayerNormParameters<DeviceTensor>?
    /// The first linear map, D' to F (128 in the paper's models).
    public let fc1: LinearParameters<DeviceTensor>
    /// The second linear map, F to E (48 in the paper's models).
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

/// The two 1x1 convolutions over a stage's attention logits: LH to 3LH to LH.
public struct RelationReuseParameters<DeviceTensor> {
    /// The first convolution, `[3LH, LH, 1, 1]`.
    public let expand: LinearParameters<DeviceTensor>
    /// The second convolution, `[LH, 3LH, 1, 1]`.
    public let contract: LinearParameters<DeviceTensor>

    /// Creates the pair.
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

/// The coarse relations that an attention adds to its logits, resampling them as it goes.
public struct ReusedRelations<DeviceTensor> {
    /// All blocks' transformed relations, `[B, LH, S, S]`.
    public let coarse: DeviceTensor
    /// The first of the H channels that belong to this block.
    public let channel: Int
    /// From the coarse grid to this stage's.
    public let resampling: GridResampling

    /// Creates the description.
    ///
    /// - Parameters:
    ///   - coarse: `[B, LH, S, S]`.
    ///   - channel: the block's first channel.
    ///   - resampling: from the coarse grid to this one.
    public init(coarse: DeviceTensor, channel: Int, resampling: GridResampling) {
        self.coarse = coarse
        self.channel = channel
        self.resampling = resampling
    }
}

/// Where an attention writes its logits for a later stage.
public struct KeptLogits<DeviceTensor> {
    /// All blocks' logits, `[B, LH, T, T]`; from ``Backend/makeRelations(batch:channels:tokens:)``.
    public let store: DeviceTensor
    /// The first of the H channels that this block writes.
    public let channel: Int

    /// Creates the description.
    ///
    /// - Parameters:
    ///   - store: `[B, LH, T, T]`.
    ///   - channel: the block's first channel.
    public init(store: DeviceTensor, channel: Int) {
        self.store = store
        self.channel = channel
    }
}

/// What follows a linear map.
public enum Activation: String, Sendable, CaseIterable {
    /// The identity.
    case identity
    /// `0.5 x (1 + erf(x / sqrt 2))`, exact.
    case gelu
    /// `0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))`, GELU's approximation by tanh.
    case geluTanh = "gelu-tanh"
}

/// How a convolution cuts an image into patches.
public struct PatchGeometry: Hashable, Sendable {
    /// The side of a patch, pixels.
    public let kernel: Int
    /// The step between patches, pixels.
    public let stride: Int
    /// Zero pixels added on every side.
    public let padding: Int

    /// Creates a geometry.
    ///
    /// - Parameters:
    ///   - kernel: the side of a patch.
    ///   - stride: the step between patches; nil means `kernel`.
    ///   - padding: zero pixels added on every side.
    public init(kernel: Int, stride: Int? = nil, padding: Int = 0) {
        self.kernel = kernel
        self.stride = stride ?? kernel
        self.padding = padding
    }

    /// The side of the token grid that an image of `size` pixels gives; 0 if no patch fits.
    ///
    /// - Parameter size: the image's side, pixels.
    /// - Returns: `(size + 2 padding - kernel) / stride + 1`.
    public func gridSize(imageSize size: Int) -> Int {
        let span = size + 2 * padding - kernel
        return span < 0 || stride < 1 ? 0 : span / stride + 1
    }
}

/// The likeliest class, its softmax probability, and how sure of it an exit is.
public struct ClassConfidence: Sendable, Equatable {
    /// The class, from 0.
    public let classIndex: Int
    /// Its softmax probability.
    public let confidence: Float
    /// What is compared with a threshold: the ``ExitCriterion`` that was asked for.
    public let score: Float

    /// Takes what was computed.
    ///
    /// - Parameters:
    ///   - classIndex: the class, from 0.
    ///   - confidence: its softmax probability.
    ///   - score: what is compared with a threshold, or nil where that is the probability.
    public init(classIndex: Int, confidence: Float, score: Float? = nil) {
        self.classIndex = classIndex
        self.confidence = confidence
        self.score = score ?? confidence
    }
}

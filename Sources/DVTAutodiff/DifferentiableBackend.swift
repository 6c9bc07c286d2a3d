package import DVTCore
import Glibc

/// What training needs of a backend beside the network's own steps: their gradients, the loss and
/// the optimizer.
///
/// A gradient takes the prefix `d`: `dy` has the shape of y and holds the loss's derivatives by its
/// elements. Where nothing else is said, results are new tensors and inputs keep their values.
/// ``GradientTape`` calls these; a network is written over ``Backend`` alone. Every operation
/// throws ``ShapeError`` when shapes do not fit, and the backend's own error when its device fails.
package protocol DifferentiableBackend: Backend {
    // MARK: Steps that the tape takes apart

    /// The same elements under another shape of equal size; nothing is copied.
    ///
    /// - Parameters:
    ///   - x: a tensor.
    ///   - shape: the new extents.
    /// - Returns: the same memory.
    /// - Throws: see ``DifferentiableBackend``.
    func reshaped(_ x: DeviceTensor, _ shape: Shape) throws -> DeviceTensor

    /// A tensor of zeros.
    ///
    /// - Parameter shape: the extents.
    /// - Returns: a new tensor.
    /// - Throws: see ``DifferentiableBackend``.
    func zeros(_ shape: Shape) throws -> DeviceTensor

    /// The sum of two tensors of one shape.
    ///
    /// - Parameters:
    ///   - a: a tensor.
    ///   - b: another of its shape.
    /// - Returns: `a + b`.
    /// - Throws: see ``DifferentiableBackend``.
    func sum(_ a: DeviceTensor, _ b: DeviceTensor) throws -> DeviceTensor

    /// Each image's elements times a number of its own: stochastic depth.
    ///
    /// - Parameters:
    ///   - x: `[B, ...]`.
    ///   - factors: `[B]`.
    /// - Returns: `factors[b] x[b, ...]`.
    /// - Throws: see ``DifferentiableBackend``.
    func scaled(_ x: DeviceTensor, byImage factors: DeviceTensor) throws -> DeviceTensor

    /// Inverted dropout: each element is 0 with a probability, or else divided by that of staying.
    ///
    /// Element i stays when ``DropoutMask/keeps(_:)`` says so, on every backend alike. The
    /// gradient is the same operation on dy.
    ///
    /// - Parameters:
    ///   - x: any shape.
    ///   - mask: which elements stay.
    /// - Returns: the shape of `x`.
    /// - Throws: see ``DifferentiableBackend``.
    func dropout(_ x: DeviceTensor, _ mask: DropoutMask) throws -> DeviceTensor

    /// An activation alone.
    ///
    /// - Parameters:
    ///   - z: any shape.
    ///   - activation: the function.
    /// - Returns: `activation(z)`.
    /// - Throws: see ``DifferentiableBackend``.
    func activate(_ z: DeviceTensor, _ activation: Activation) throws -> DeviceTensor

    /// Every matrix of a batch transposed.
    ///
    /// - Parameter x: `[B, R, C]`.
    /// - Returns: `[B, C, R]`.
    /// - Throws: see ``DifferentiableBackend``.
    func transposed(_ x: DeviceTensor) throws -> DeviceTensor

    /// The patch tokens of one grid resampled to another; the class token's row is zero.
    ///
    /// - Parameters:
    ///   - x: `[B, M + 1, E]`.
    ///   - resampling: from M to N.
    /// - Returns: `[B, N + 1, E]`.
    /// - Throws: see ``DifferentiableBackend``.
    func resampleTokens(
        _ x: DeviceTensor, _ resampling: GridResampling
    ) throws -> DeviceTensor

    // MARK: Gradients

    /// `dy activation'(z)`.
    ///
    /// - Parameters:
    ///   - dy: the gradient of `activation(z)`.
    ///   - z: the activation's input.
    ///   - activation: the function.
    /// - Returns: dz.
    /// - Throws: see ``DifferentiableBackend``.
    func activationGradient(
        _ dy: DeviceTensor, at z: DeviceTensor, _ activation: Activation
    ) throws -> DeviceTensor

    /// What a linear map hands back to its input: `dy weight`.
    ///
    /// - Parameters:
    ///   - dy: `[..., O]`.
    ///   - layer: weight `[O, K]`, or `[O, K, 1, 1]`.
    /// - Returns: dx, `[..., K]`.
    /// - Throws: see ``DifferentiableBackend``.
    func linearInputGradient(_ dy: DeviceTensor, _ layer: LinearLayer) throws -> DeviceTensor

    /// The gradients of a linear map's parameters: `dy^T x`, and the sums of dy's columns.
    ///
    /// - Parameters:
    ///   - dy: `[..., O]`.
    ///   - x: `[..., K]`.
    ///   - hasBias: whether the map has a bias.
    /// - Returns: dweight `[O, K]` and dbias `[O]` or nil.
    /// - Throws: see ``DifferentiableBackend``.
    func linearParameterGradients(
        _ dy: DeviceTensor, _ x: DeviceTensor, hasBias: Bool
    ) throws -> LinearParameters<DeviceTensor>

    /// The gradients of ``Backend/layerNorm(_:appending:_:)``.
    ///
    /// With `n = (z - mean) s` and `s = 1 / sqrt(variance + epsilon)`:
    /// `dz = s (g - mean(g) - n mean(g n))` for `g = dy weight`; dweight sums `dy n` over the
    /// rows, dbias sums dy.
    ///
    /// - Parameters:
    ///   - dy: `[..., D + E]`.
    ///   - x: `[..., D]`.
    ///   - features: `[..., E]`, or nil.
    ///   - parameters: weight, bias and epsilon.
    /// - Returns: the gradients of x, of the features where there are any, and of the parameters.
    /// - Throws: see ``DifferentiableBackend``.
    func layerNormGradients(
        _ dy: DeviceTensor, _ x: DeviceTensor, appending features: DeviceTensor?,
        _ parameters: LayerNormParameters<DeviceTensor>
    ) throws -> LayerNormGradients<DeviceTensor>

    /// The gradient of ``Backend/attention(_:heads:scale:queries:reusing:keeping:)``.
    ///
    /// With `P = softmax(A)`: `dv = P^T dy`, `dA = P (dP - rowsum(P dP)) + dlogits` for
    /// `dP = dy v^T`, `dq = scale dA k`, `dk = scale dA^T q`, and the reused relations get dA
    /// through the transposed resampling.
    ///
    /// - Parameters:
    ///   - dy: `[B, T, D]`, or `[B, D]` where only class tokens attended.
    ///   - qkv: `[B, T, 3D]`.
    ///   - logits: A, and the channels of this block; `[B, C, T, T]`, or `[B, C, 1, T]`.
    ///   - heads: H.
    ///   - scale: the factor of the products.
    ///   - queries: the tokens that attended.
    ///   - logitsGradient: the gradient of A as later stages read it, at the same channels, or nil.
    ///   - relationsGradient: where the gradient of the reused relations is added in place, at the
    ///     block's channels, or nil where none were reused.
    /// - Returns: dqkv.
    /// - Throws: see ``DifferentiableBackend``.
    func attentionGradient(
        _ dy: DeviceTensor, _ qkv: DeviceTensor, logits: KeptRelations<DeviceTensor>, heads: Int,
        scale: Float, queries: AttentionQueries, logitsGradient: DeviceTensor?,
        relationsGradient: ReusedRelations<DeviceTensor>?
    ) throws -> DeviceTensor

    /// The gradient of ``Backend/performerAttention(_:randomFeatures:)`` by its first argument; the
    /// random features are not trained.
    ///
    /// - Parameters:
    ///   - dy: `[B, T, E]`.
    ///   - y: the attention's result.
    ///   - kqv: `[B, T, 3E]`.
    ///   - randomFeatures: the layer whose weight is w, `[m, E]`.
    /// - Returns: dkqv.
    /// - Throws: see ``DifferentiableBackend``.
    func performerAttentionGradient(
        _ dy: DeviceTensor, _ y: DeviceTensor, _ kqv: DeviceTensor, randomFeatures: LinearLayer
    ) throws -> DeviceTensor

    /// The gradient of ``Backend/softSplit(_:geometry:)``: patches added up where they overlap.
    ///
    /// - Parameters:
    ///   - dy: `[B, N, C k k]`.
    ///   - shape: that of x.
    ///   - geometry: kernel k, stride and zero padding.
    /// - Returns: dx.
    /// - Throws: see ``DifferentiableBackend``.
    func softSplitGradient(
        _ dy: DeviceTensor, shape: Shape, geometry: PatchGeometry
    ) throws -> DeviceTensor

    /// The sums over the first axis: the gradient of what is added to every image.
    ///
    /// - Parameter x: `[B, ...]`.
    /// - Returns: `[1, ...]`.
    /// - Throws: see ``DifferentiableBackend``.
    func sumOverBatch(_ x: DeviceTensor) throws -> DeviceTensor

    /// Rows put among zeros: the gradient of ``Backend/columns(_:_:)``.
    ///
    /// - Parameters:
    ///   - dy: `[..., n]`.
    ///   - first: the column where they begin.
    ///   - width: the columns of the result.
    /// - Returns: `[..., width]`.
    /// - Throws: see ``DifferentiableBackend``.
    func columnsGradient(
        _ dy: DeviceTensor, first: Int, width: Int
    ) throws -> DeviceTensor

    /// The gradient of ``Backend/gather(_:rows:after:)`` by the tensor that is gathered from.
    ///
    /// - Parameters:
    ///   - dy: `[rows.count, ...]`.
    ///   - rows: the rows that were gathered.
    ///   - batch: B.
    /// - Returns: `[B, ...]`, zeros where a row was left.
    /// - Throws: see ``DifferentiableBackend``.
    func gatherGradient(
        _ dy: DeviceTensor, rows: [Int], batch: Int
    ) throws -> DeviceTensor

    /// The gradient of ``resampleTokens(_:_:)``.
    ///
    /// - Parameters:
    ///   - dy: `[B, N + 1, E]`.
    ///   - resampling: from M to N.
    /// - Returns: `[B, M + 1, E]`; the class token's row is zero.
    /// - Throws: see ``DifferentiableBackend``.
    func resampleTokensGradient(
        _ dy: DeviceTensor, _ resampling: GridResampling
    ) throws -> DeviceTensor

    // MARK: Loss and optimizer

    /// Softmax cross-entropy against soft targets: `-sum_c t_c log softmax(logits)_c`.
    ///
    /// - Parameters:
    ///   - logits: `[B, classes]`.
    ///   - targets: `[B, classes]`.
    ///   - weight: the factor of the gradient: 1 / B for the mean over a batch.
    /// - Returns: the loss of every image `[B]`, unweighted, and the gradient of the logits.
    /// - Throws: see ``DifferentiableBackend``.
    func crossEntropy(
        _ logits: DeviceTensor, targets: DeviceTensor, weight: Float
    ) throws -> (losses: DeviceTensor, gradient: DeviceTensor)

    /// The sum of the squares of all elements of some tensors, in one number; waits for it.
    ///
    /// - Parameter tensors: any shapes.
    /// - Returns: the sum.
    /// - Throws: see ``DifferentiableBackend``.
    func squaredNorm(_ tensors: [DeviceTensor]) throws -> Double

    /// One step of AdamW, in place.
    ///
    /// `m = b1 m + (1 - b1) g`, `v = b2 v + (1 - b2) g^2` and then
    /// `w = w (1 - rate decay) - rate m / c1 / (sqrt(v / c2) + epsilon)` for `g = scale gradient`,
    /// with `c = 1 - b^step`.
    ///
    /// - Parameters:
    ///   - parameter: w; changes.
    ///   - gradient: its gradient.
    ///   - moments: m and v; change.
    ///   - step: the numbers of the step.
    /// - Throws: see ``DifferentiableBackend``.
    /// - SeeAlso: Loshchilov and Hutter, Decoupled Weight Decay Regularization,
    ///   <https://arxiv.org/abs/1711.05101>.
    func adamW(
        _ parameter: DeviceTensor, gradient: DeviceTensor,
        moments: (first: DeviceTensor, second: DeviceTensor), _ step: AdamWStep
    ) throws

    /// `average = decay average + (1 - decay) x`, in place.
    ///
    /// - Parameters:
    ///   - average: changes.
    ///   - x: the new value.
    ///   - decay: how much of the old average stays.
    /// - Throws: see ``DifferentiableBackend``.
    func updateAverage(_ average: DeviceTensor, with x: DeviceTensor, decay: Float) throws
}

/// The gradients of a layer normalization.
package struct LayerNormGradients<DeviceTensor> {
    /// Of x, `[..., D]`.
    package let x: DeviceTensor
    /// Of the appended features, `[..., E]`, or nil.
    package let features: DeviceTensor?
    /// Of the scale, `[D + E]`.
    package let weight: DeviceTensor
    /// Of the shift, `[D + E]`.
    package let bias: DeviceTensor

    /// Creates the gradients.
    ///
    /// - Parameters:
    ///   - x: of x.
    ///   - features: of the features, or nil.
    ///   - weight: of the scale.
    ///   - bias: of the shift.
    package init(
        x: DeviceTensor, features: DeviceTensor?, weight: DeviceTensor, bias: DeviceTensor
    ) {
        self.x = x
        self.features = features
        self.weight = weight
        self.bias = bias
    }
}

/// The numbers of one step of AdamW.
package struct AdamWStep: Sendable {
    /// The learning rate.
    package let rate: Float
    /// The decays of the two moments, b1 and b2.
    package let betas: (first: Float, second: Float)
    /// Added to the root of the second moment.
    package let epsilon: Float
    /// The decoupled weight decay.
    package let decay: Float
    /// The factor of the gradient: below 1 where it is clipped.
    package let scale: Float
    /// `1 - b^step` of both moments.
    package let corrections: (first: Float, second: Float)

    /// Creates the numbers.
    ///
    /// - Parameters:
    ///   - index: the step, from 1.
    ///   - rate: the learning rate.
    ///   - betas: the decays of the moments.
    ///   - epsilon: added to the root of the second moment.
    ///   - decay: the decoupled weight decay.
    ///   - scale: the factor of the gradient.
    package init(
        index: Int, rate: Float, betas: (first: Float, second: Float) = (0.9, 0.999),
        epsilon: Float = 1e-8, decay: Float, scale: Float = 1
    ) {
        precondition(index > 0, "steps count from 1")
        self.rate = rate
        self.betas = betas
        self.epsilon = epsilon
        self.decay = decay
        self.scale = scale
        corrections = (
            Float(1 - pow(Double(betas.first), Double(index))),
            Float(1 - pow(Double(betas.second), Double(index)))
        )
    }
}

/// Which elements a dropout keeps: a hash of the element's number and a seed.
package struct DropoutMask: Sendable, Equatable {
    /// The probability that an element becomes 0, in 0 ..< 1.
    package let rate: Float
    /// Chooses the elements.
    package let seed: UInt32

    /// Creates a mask.
    ///
    /// - Parameters:
    ///   - rate: the probability that an element becomes 0, in 0 ..< 1.
    ///   - seed: chooses the elements.
    package init(rate: Float, seed: UInt32) {
        precondition((0..<1).contains(rate), "a dropout's rate is in 0 ..< 1")
        self.rate = rate
        self.seed = seed
    }

    /// What a kept element is multiplied by.
    package var factor: Float { 1 / (1 - rate) }

    /// An element stays when its hash, of 24 bits, is at least this.
    package var threshold: UInt32 { UInt32((Double(rate) * 16_777_216).rounded()) }

    /// Whether an element stays.
    ///
    /// - Parameter index: the element, from 0.
    /// - Returns: whether it stays.
    package func keeps(_ index: Int) -> Bool {
        var x = UInt32(truncatingIfNeeded: index) &+ seed &* 0x9E37_79B9
        x = (x ^ (x >> 16)) &* 0x7FEB_352D
        x = (x ^ (x >> 15)) &* 0x846C_A68B
        return (x ^ (x >> 16)) >> 8 >= threshold
    }
}

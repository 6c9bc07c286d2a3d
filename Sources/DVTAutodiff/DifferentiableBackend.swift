package import DVTCore
import Glibc

/// A backend with the operations that training adds: gradients, the loss and the optimizer.
///
/// The prefix `d` denotes a gradient: `dy` has the shape of y and holds the derivatives of the loss
/// with respect to its elements. Unless stated otherwise, results are new tensors and inputs are
/// unchanged. ``GradientTape`` calls these operations; networks use only those of ``Backend``.
/// In 16 bits, the values and gradients of a network are stored rounded, while gradients of
/// parameters, the optimizer's state and logits are float32.
/// Every operation throws ``ShapeError`` if shapes do not fit, and the backend's error if its
/// device fails.
package protocol DifferentiableBackend: Backend {
    // MARK: Precision

    /// Copies a tensor to the device in float32, whatever the precision of the network's tensors.
    ///
    /// - Parameter tensor: the values.
    /// - Returns: the device's copy.
    /// - Throws: see ``DifferentiableBackend``.
    func uploadFloat32(_ tensor: Tensor) throws -> DeviceTensor

    /// Rounds a float32 tensor to the precision of the network's tensors.
    ///
    /// - Parameter x: a float32 tensor.
    /// - Returns: a rounded copy, or `x` itself if the network stores such tensors in float32.
    /// - Throws: see ``DifferentiableBackend``.
    func rounded(_ x: DeviceTensor) throws -> DeviceTensor

    // MARK: Unfused operations

    /// Reshapes a tensor; copies it only if its rows are padded.
    ///
    /// - Parameters:
    ///   - x: a tensor.
    ///   - shape: the new shape, of equal element count.
    /// - Returns: a tensor that shares the memory of `x`, or of the copy.
    /// - Throws: see ``DifferentiableBackend``.
    func reshaped(_ x: DeviceTensor, _ shape: Shape) throws -> DeviceTensor

    /// Lays relations out as ``Backend/makeRelations(batch:channels:tokens:)`` does.
    ///
    /// - Parameter relations: `[B, C, T, T]`.
    /// - Returns: the same values, in a copy if the layout differs.
    /// - Throws: see ``DifferentiableBackend``.
    func paddedRelations(_ relations: DeviceTensor) throws -> DeviceTensor

    /// A tensor of zeros.
    ///
    /// - Parameter shape: the shape.
    /// - Returns: a new tensor.
    /// - Throws: see ``DifferentiableBackend``.
    func zeros(_ shape: Shape) throws -> DeviceTensor

    /// Adds two tensors of the same shape.
    ///
    /// - Parameters:
    ///   - a: the first tensor.
    ///   - b: the second tensor.
    /// - Returns: `a + b`.
    /// - Throws: see ``DifferentiableBackend``.
    func sum(_ a: DeviceTensor, _ b: DeviceTensor) throws -> DeviceTensor

    /// Multiplies the elements of each image by a factor, for stochastic depth.
    ///
    /// - Parameters:
    ///   - x: `[B, ...]`.
    ///   - factors: `[B]`.
    /// - Returns: `factors[b] x[b, ...]`.
    /// - Throws: see ``DifferentiableBackend``.
    func scaled(_ x: DeviceTensor, byImage factors: DeviceTensor) throws -> DeviceTensor

    /// Inverted dropout: zeroes elements at random and divides the others by the probability of
    /// being kept.
    ///
    /// Element i is kept if ``DropoutMask/keeps(_:)`` is true, on every backend. The gradient is
    /// the same operation on dy.
    ///
    /// - Parameters:
    ///   - x: any shape.
    ///   - mask: selects the kept elements.
    /// - Returns: the shape of `x`.
    /// - Throws: see ``DifferentiableBackend``.
    func dropout(_ x: DeviceTensor, _ mask: DropoutMask) throws -> DeviceTensor

    /// Applies an activation.
    ///
    /// - Parameters:
    ///   - z: any shape.
    ///   - activation: the activation.
    /// - Returns: `activation(z)`.
    /// - Throws: see ``DifferentiableBackend``.
    func activate(_ z: DeviceTensor, _ activation: Activation) throws -> DeviceTensor

    /// Transposes every matrix of a batch.
    ///
    /// - Parameter x: `[B, R, C]`.
    /// - Returns: `[B, C, R]`.
    /// - Throws: see ``DifferentiableBackend``.
    func transposed(_ x: DeviceTensor) throws -> DeviceTensor

    /// Resamples patch tokens to another grid; the class token's row becomes zero.
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

    /// The gradient of an activation, `dy activation'(z)`.
    ///
    /// - Parameters:
    ///   - dy: the gradient of `activation(z)`.
    ///   - z: the activation's input.
    ///   - activation: the activation.
    /// - Returns: dz.
    /// - Throws: see ``DifferentiableBackend``.
    func activationGradient(
        _ dy: DeviceTensor, at z: DeviceTensor, _ activation: Activation
    ) throws -> DeviceTensor

    /// The gradient of a linear layer's input, `dy weight`.
    ///
    /// - Parameters:
    ///   - dy: `[..., O]`.
    ///   - layer: weight `[O, K]`, or `[O, K, 1, 1]`.
    /// - Returns: dx, `[..., K]`.
    /// - Throws: see ``DifferentiableBackend``.
    func linearInputGradient(_ dy: DeviceTensor, _ layer: LinearLayer) throws -> DeviceTensor

    /// The gradients of a linear layer's parameters: `dy^T x`, and the column sums of dy.
    ///
    /// - Parameters:
    ///   - dy: `[..., O]`.
    ///   - x: `[..., K]`.
    ///   - hasBias: whether the layer has a bias.
    /// - Returns: dweight `[O, K]` and dbias `[O]` or nil.
    /// - Throws: see ``DifferentiableBackend``.
    func linearParameterGradients(
        _ dy: DeviceTensor, _ x: DeviceTensor, hasBias: Bool
    ) throws -> LinearParameters<DeviceTensor>

    /// The gradients of ``Backend/layerNorm(_:appending:_:)``.
    ///
    /// With `n = (z - mean) s` and `s = 1 / sqrt(variance + epsilon)`:
    /// `dz = s (g - mean(g) - n mean(g n))` for `g = dy weight`; dweight is the sum of `dy n` over
    /// the rows, and dbias that of dy.
    ///
    /// - Parameters:
    ///   - dy: `[..., D + E]`.
    ///   - x: `[..., D]`.
    ///   - features: `[..., E]`, or nil.
    ///   - parameters: weight, bias and epsilon.
    /// - Returns: the gradients of x, of the features if there are any, and of the parameters.
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
    ///   - dy: `[B, T, D]`, or `[B, D]` if only the class tokens are queries.
    ///   - qkv: `[B, T, 3D]`.
    ///   - logits: the store of A and the block's channels; `[B, C, T, T]`, or `[B, C, 1, T]`.
    ///   - heads: H.
    ///   - scale: the factor of the products.
    ///   - queries: the tokens that attend.
    ///   - logitsGradient: the gradient of A from later stages, at the same channels, or nil.
    ///   - relationsGradient: receives the gradient of the reused relations, added in place at the
    ///     block's channels; nil if none are reused.
    /// - Returns: dqkv.
    /// - Throws: see ``DifferentiableBackend``.
    func attentionGradient(
        _ dy: DeviceTensor, _ qkv: DeviceTensor, logits: KeptRelations<DeviceTensor>, heads: Int,
        scale: Float, queries: AttentionQueries, logitsGradient: DeviceTensor?,
        relationsGradient: ReusedRelations<DeviceTensor>?
    ) throws -> DeviceTensor

    /// The gradient of ``Backend/performerAttention(_:randomFeatures:)`` with respect to its first
    /// argument; the random features are not trained.
    ///
    /// - Parameters:
    ///   - dy: `[B, T, E]`.
    ///   - y: the result of the forward pass.
    ///   - kqv: `[B, T, 3E]`.
    ///   - randomFeatures: the layer whose weight is w, `[m, E]`.
    /// - Returns: dkqv.
    /// - Throws: see ``DifferentiableBackend``.
    func performerAttentionGradient(
        _ dy: DeviceTensor, _ y: DeviceTensor, _ kqv: DeviceTensor, randomFeatures: LinearLayer
    ) throws -> DeviceTensor

    /// The gradient of ``Backend/softSplit(_:geometry:)``: the sum of overlapping patches.
    ///
    /// - Parameters:
    ///   - dy: `[B, N, C k k]`.
    ///   - shape: the shape of x.
    ///   - geometry: kernel k, stride and zero padding.
    /// - Returns: dx.
    /// - Throws: see ``DifferentiableBackend``.
    func softSplitGradient(
        _ dy: DeviceTensor, shape: Shape, geometry: PatchGeometry
    ) throws -> DeviceTensor

    /// Sums over the batch: the gradient of a tensor that is added to every image.
    ///
    /// - Parameter x: `[B, ...]`.
    /// - Returns: `[1, ...]`.
    /// - Throws: see ``DifferentiableBackend``.
    func sumOverBatch(_ x: DeviceTensor) throws -> DeviceTensor

    /// The gradient of ``Backend/columns(_:_:)``: columns padded with zeros.
    ///
    /// - Parameters:
    ///   - dy: `[..., n]`.
    ///   - first: the first of the n columns in the result.
    ///   - width: the number of columns of the result.
    /// - Returns: `[..., width]`.
    /// - Throws: see ``DifferentiableBackend``.
    func columnsGradient(
        _ dy: DeviceTensor, first: Int, width: Int
    ) throws -> DeviceTensor

    /// The gradient of ``Backend/pooledTokens(_:_:)``: copied rows get theirs, and each averaged
    /// token an equal share.
    ///
    /// - Parameters:
    ///   - dy: `[B, rows D]`.
    ///   - pooling: the pooling.
    ///   - shape: `[B, T, D]`, the shape of x.
    /// - Returns: dx.
    /// - Throws: see ``DifferentiableBackend``.
    func pooledTokensGradient(
        _ dy: DeviceTensor, _ pooling: TokenPooling, shape: Shape
    ) throws -> DeviceTensor

    /// The gradient of ``Backend/gather(_:rows:after:)`` with respect to its source.
    ///
    /// - Parameters:
    ///   - dy: `[rows.count, ...]`.
    ///   - rows: the gathered rows.
    ///   - batch: B.
    /// - Returns: `[B, ...]`, with zeros in rows that were not gathered.
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
    ///   - logits: `[B, classes]`, float32.
    ///   - targets: `[B, classes]`, float32.
    ///   - weight: the factor of the gradient; 1 / B for the mean over a batch.
    /// - Returns: the unweighted loss of each image, `[B]`, and the gradient of the logits.
    /// - Throws: see ``DifferentiableBackend``.
    func crossEntropy(
        _ logits: DeviceTensor, targets: DeviceTensor, weight: Float
    ) throws -> (losses: DeviceTensor, gradient: DeviceTensor)

    /// The sum of the squares of all elements of some tensors; waits for the device.
    ///
    /// - Parameter tensors: any shapes, float32.
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
    ///   - parameter: w, float32, updated in place.
    ///   - copy: the copy of w that the network reads, written as ``rounded(_:)`` does; may be w.
    ///   - gradient: the gradient of w, float32.
    ///   - moments: m and v, float32, updated in place.
    ///   - step: the coefficients of the step.
    /// - Throws: see ``DifferentiableBackend``.
    /// - SeeAlso: Loshchilov and Hutter, Decoupled Weight Decay Regularization,
    ///   <https://arxiv.org/abs/1711.05101>.
    func adamW(
        _ parameter: DeviceTensor, roundedTo copy: DeviceTensor, gradient: DeviceTensor,
        moments: (first: DeviceTensor, second: DeviceTensor), _ step: AdamWStep
    ) throws

    /// Updates a moving average in place: `average = decay average + (1 - decay) x`.
    ///
    /// - Parameters:
    ///   - average: the average, float32, updated in place.
    ///   - x: the new value, float32.
    ///   - decay: the weight of the old average.
    /// - Throws: see ``DifferentiableBackend``.
    func updateAverage(_ average: DeviceTensor, with x: DeviceTensor, decay: Float) throws
}

/// The gradients of a layer normalization.
package struct LayerNormGradients<DeviceTensor> {
    /// The gradient of x, `[..., D]`.
    package let x: DeviceTensor
    /// The gradient of the appended features, `[..., E]`, or nil.
    package let features: DeviceTensor?
    /// The gradient of the scale, `[D + E]`.
    package let weight: DeviceTensor
    /// The gradient of the shift, `[D + E]`.
    package let bias: DeviceTensor

    /// Creates the gradients.
    ///
    /// - Parameters:
    ///   - x: the gradient of x.
    ///   - features: the gradient of the features, or nil.
    ///   - weight: the gradient of the scale.
    ///   - bias: the gradient of the shift.
    package init(
        x: DeviceTensor, features: DeviceTensor?, weight: DeviceTensor, bias: DeviceTensor
    ) {
        self.x = x
        self.features = features
        self.weight = weight
        self.bias = bias
    }
}

/// The coefficients of one AdamW step.
package struct AdamWStep: Sendable {
    /// The learning rate.
    package let rate: Float
    /// The decays of the two moments, b1 and b2.
    package let betas: (first: Float, second: Float)
    /// Added to the square root of the second moment.
    package let epsilon: Float
    /// The decoupled weight decay.
    package let decay: Float
    /// The factor of the gradient; below 1 if it is clipped.
    package let scale: Float
    /// `1 - b^step` of both moments.
    package let corrections: (first: Float, second: Float)

    /// Creates the coefficients.
    ///
    /// - Parameters:
    ///   - index: the step, from 1.
    ///   - rate: the learning rate.
    ///   - betas: the decays of the moments.
    ///   - epsilon: added to the square root of the second moment.
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

/// The elements that dropout keeps, chosen by a hash of the element's index and a seed.
package struct DropoutMask: Sendable, Equatable {
    /// The probability that an element becomes 0, in 0 ..< 1.
    package let rate: Float
    /// The seed of the hash.
    package let seed: UInt32

    /// Creates a mask.
    ///
    /// - Parameters:
    ///   - rate: the probability that an element becomes 0, in 0 ..< 1.
    ///   - seed: the seed of the hash.
    package init(rate: Float, seed: UInt32) {
        precondition((0..<1).contains(rate), "a dropout's rate is in 0 ..< 1")
        self.rate = rate
        self.seed = seed
    }

    /// The factor of kept elements.
    package var factor: Float { 1 / (1 - rate) }

    /// The minimum 24-bit hash of a kept element.
    package var threshold: UInt32 { UInt32((Double(rate) * 16_777_216).rounded()) }

    /// Whether an element is kept.
    ///
    /// - Parameter index: the index of the element, from 0.
    /// - Returns: whether it is kept.
    package func keeps(_ index: Int) -> Bool {
        var x = UInt32(truncatingIfNeeded: index) &+ seed &* 0x9E37_79B9
        x = (x ^ (x >> 16)) &* 0x7FEB_352D
        x = (x ^ (x >> 15)) &* 0x846C_A68B
        return (x ^ (x >> 16)) >> 8 >= threshold
    }
}

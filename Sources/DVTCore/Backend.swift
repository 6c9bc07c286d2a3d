/// A tensor on a backend's device; only its shape can be read without synchronization.
public protocol BackendTensor {
    /// The extents.
    var shape: Shape { get }
}

/// The operations of a network on one device.
///
/// Calls enqueue work in order and return immediately; only ``download(_:)`` and
/// ``confidence(_:criterion:temperature:)`` wait. A backend is confined to one thread or actor.
/// ``makeLinear(_:)``, ``makeFeatureReuse(_:)`` and ``makeRelationReuse(_:)`` prepare layers once,
/// when a model is built; a backend packs or folds weights there into the layout its kernels read.
/// Letters in shapes: B batch, N patch tokens, T = N + 1 with the class token, M and S = M + 1 the
/// same for the earlier stage, D width, H heads, d = D / H, L depth. Every operation throws
/// ``ShapeError`` if shapes do not match, and the backend's own error if its device fails.
public protocol Backend {
    /// The tensors of this backend.
    associatedtype DeviceTensor: BackendTensor
    /// A linear layer, prepared by ``makeLinear(_:)``.
    associatedtype LinearLayer = LinearParameters<DeviceTensor>
    /// The feature-reuse MLPs of a stage, prepared by ``makeFeatureReuse(_:)``.
    associatedtype FeatureReuseLayer = [FeatureReuseParameters<DeviceTensor>]
    /// The relation-reuse MLP of a stage, prepared by ``makeRelationReuse(_:)``.
    associatedtype RelationReuseLayer = RelationReuseParameters<DeviceTensor>

    /// The name of the device, for display.
    var deviceName: String { get }

    /// Sizes reused memory for batches of up to this many images.
    ///
    /// Smaller batches, such as the images that remain after an exit, then need no allocations.
    ///
    /// - Parameter batch: the largest batch of the following calls.
    func reserve(batch: Int)

    /// Releases memory kept for reuse and resets the reserved batch.
    func releaseMemory()

    /// Waits for all enqueued work.
    ///
    /// - Throws: the backend's error if work on the device failed.
    func finish() throws

    /// Prepares a linear layer for ``linear(_:_:activation:residual:)``.
    ///
    /// - Parameter parameters: weight `[O, K]`, `[O, K, 1, 1]` or `[O, C, k, k]`, and bias.
    /// - Returns: the layer, which reflects in-place changes of its parameters.
    /// - Throws: the backend's error.
    func makeLinear(_ parameters: LinearParameters<DeviceTensor>) throws -> LinearLayer

    /// Prepares the MLPs for ``featureReuse(_:_:activation:resampling:)``.
    ///
    /// - Parameter blocks: for each block, an optional LayerNorm over D', fc1 `[F, D']` and fc2
    ///   `[E, F]`.
    /// - Returns: the layer, which reflects in-place changes of its parameters.
    /// - Throws: the backend's error.
    func makeFeatureReuse(
        _ blocks: [FeatureReuseParameters<DeviceTensor>]
    ) throws -> FeatureReuseLayer

    /// Prepares the MLP for ``relationReuse(_:_:activation:)``.
    ///
    /// - Parameter parameters: expand `[3LH, LH]` and contract `[LH, 3LH]`, each with a bias.
    /// - Returns: the layer, which reflects in-place changes of its parameters.
    /// - Throws: the backend's error.
    func makeRelationReuse(
        _ parameters: RelationReuseParameters<DeviceTensor>
    ) throws -> RelationReuseLayer

    /// Copies a tensor to the device.
    ///
    /// - Parameter tensor: the values.
    /// - Returns: the device's copy.
    /// - Throws: the backend's error if memory cannot be allocated.
    func upload(_ tensor: Tensor) throws -> DeviceTensor

    /// Copies a batch to the device, into memory sized for the reserved batch.
    ///
    /// - Parameter batch: the values, `[B, ...]`.
    /// - Returns: the device's copy.
    /// - Throws: the backend's error if memory cannot be allocated.
    func uploadBatch(_ batch: Tensor) throws -> DeviceTensor

    /// Waits for a tensor and copies it to the host.
    ///
    /// - Parameter tensor: the device's tensor.
    /// - Returns: its values.
    /// - Throws: the backend's error if work on the device failed.
    func download(_ tensor: DeviceTensor) throws -> Tensor

    /// Resizes square images bicubically, each output pixel a weighted mean over a window that
    /// grows with the reduction: `interpolate(mode="bicubic", antialias=True)` in PyTorch.
    ///
    /// Along each axis, the weights are Keys' kernel with a = -0.5. No gradients pass through.
    ///
    /// - Parameters:
    ///   - images: `[B, C, S, S]`.
    ///   - side: s, the side of the resized images in pixels.
    /// - Returns: `[B, C, s, s]`.
    /// - Throws: see ``Backend``.
    func resizedImages(_ images: DeviceTensor, to side: Int) throws -> DeviceTensor

    /// Projects the patches of images, as a convolution does, to tokens in row-major grid order.
    ///
    /// - Parameters:
    ///   - images: `[B, C, S, S]`.
    ///   - projection: weight `[D, C, k, k]` and bias `[D]`.
    ///   - geometry: kernel k, stride and zero padding.
    /// - Returns: tokens `[B, N, D]`.
    /// - Throws: see ``Backend``.
    func patchEmbed(
        _ images: DeviceTensor, _ projection: LinearLayer, geometry: PatchGeometry
    ) throws -> DeviceTensor

    /// Gathers overlapping patches into rows: `torch.nn.Unfold`, transposed.
    ///
    /// - Parameters:
    ///   - x: images `[B, C, S, S]`, or tokens `[B, S * S, C]` of a square grid, row-major.
    ///   - geometry: kernel k, stride and zero padding.
    /// - Returns: `[B, N, C k k]`, rows over the grid of patches, columns channel-major (c, y, x).
    /// - Throws: see ``Backend``.
    /// - SeeAlso: Yuan et al., Tokens-to-Token ViT, <https://arxiv.org/abs/2101.11986>.
    func softSplit(_ x: DeviceTensor, geometry: PatchGeometry) throws -> DeviceTensor

    /// Computes attention in linear time, with random features of queries and keys.
    ///
    /// With `phi(z) = exp(z w^T - |z|^2 / 2) / sqrt(m)`, row t is
    /// `sum_i phi(q_t)_i S_i / (sum_i phi(q_t)_i s_i + 1e-8)`, where `S_i = sum_t phi(k_t)_i v_t`
    /// and `s_i = sum_t phi(k_t)_i`.
    ///
    /// - Parameters:
    ///   - kqv: `[B, T, 3E]`, k before q before v.
    ///   - randomFeatures: a linear layer without bias whose weight is w, `[m, E]`.
    /// - Returns: `[B, T, E]`.
    /// - Throws: see ``Backend``.
    /// - SeeAlso: Choromanski et al., Rethinking Attention with Performers,
    ///   <https://arxiv.org/abs/2009.14794>.
    func performerAttention(_ kqv: DeviceTensor, randomFeatures: LinearLayer) throws -> DeviceTensor

    /// Copies a range of columns of each row.
    ///
    /// - Parameters:
    ///   - x: `[..., D]`.
    ///   - columns: the range, within 0..<D.
    /// - Returns: `[..., columns.count]`.
    /// - Throws: see ``Backend``.
    func columns(_ x: DeviceTensor, _ columns: Range<Int>) throws -> DeviceTensor

    /// Prepends the tokens that all images share, such as the class token, and adds the position
    /// embeddings.
    ///
    /// - Parameters:
    ///   - tokens: `[B, N, D]`.
    ///   - prefix: `[1, P, D]`, or nil (P = 0).
    ///   - positions: `[1, P + N, D]`.
    /// - Returns: `concat(prefix, tokens) + positions`, `[B, P + N, D]`.
    /// - Throws: see ``Backend``.
    func embedTokens(
        _ tokens: DeviceTensor, prefix: DeviceTensor?, positions: DeviceTensor
    ) throws -> DeviceTensor

    /// Normalizes, scales and shifts each row of `x`, after appending `features` if given.
    ///
    /// `(z - mean) / sqrt(variance + epsilon) * weight + bias` with the biased variance, as
    /// `torch.nn.LayerNorm` does.
    ///
    /// - Parameters:
    ///   - x: `[..., D]`.
    ///   - features: reused features `[..., E]` appended to each row, or nil (E = 0).
    ///   - parameters: weight and bias `[D + E]`, and epsilon.
    /// - Returns: `[..., D + E]`.
    /// - Throws: see ``Backend``.
    /// - SeeAlso: Ba et al., Layer Normalization, <https://arxiv.org/abs/1607.06450>.
    func layerNorm(
        _ x: DeviceTensor, appending features: DeviceTensor?,
        _ parameters: LayerNormParameters<DeviceTensor>
    ) throws -> DeviceTensor

    /// Computes `activation(x weight^T + bias) + residual`.
    ///
    /// - Parameters:
    ///   - x: `[..., K]`.
    ///   - layer: weight `[O, K]` and optional bias `[O]`.
    ///   - activation: applied after the bias.
    ///   - residual: `[..., O]`, added last, or nil.
    /// - Returns: `[..., O]`.
    /// - Throws: see ``Backend``.
    func linear(
        _ x: DeviceTensor, _ layer: LinearLayer, activation: Activation, residual: DeviceTensor?
    ) throws -> DeviceTensor

    /// Computes a linear layer of normalized rows, `activation(LN(x) weight^T + bias)`.
    ///
    /// - Parameters:
    ///   - x: `[..., D]`.
    ///   - features: reused features `[..., E]` appended to each row, or nil (E = 0).
    ///   - norm: the LayerNorm's weight and bias `[D + E]`, and epsilon.
    ///   - layer: weight `[O, D + E]` and optional bias `[O]`.
    ///   - activation: applied after the bias.
    /// - Returns: `[..., O]`.
    /// - Throws: see ``Backend``.
    func linear(
        normalizing x: DeviceTensor, appending features: DeviceTensor?,
        _ norm: LayerNormParameters<DeviceTensor>, _ layer: LinearLayer, activation: Activation
    ) throws -> DeviceTensor

    /// Computes the class scores of a head, `x weight^T + bias`, in float32.
    ///
    /// - Parameters:
    ///   - x: `[..., K]`.
    ///   - head: weight `[classes, K]` and optional bias `[classes]`.
    /// - Returns: `[..., classes]`.
    /// - Throws: see ``Backend``.
    func logits(_ x: DeviceTensor, _ head: LinearLayer) throws -> DeviceTensor

    /// Drops random elements during training; otherwise the identity.
    ///
    /// - Parameter x: any shape.
    /// - Returns: a tensor of the same shape.
    /// - Throws: see ``Backend``.
    /// - SeeAlso: Srivastava et al., Dropout, <https://jmlr.org/papers/v15/srivastava14a.html>.
    func dropout(_ x: DeviceTensor) throws -> DeviceTensor

    /// Ends a residual branch: `residual + dropPath(dropout(x weight^T + bias))`.
    ///
    /// Dropout and stochastic depth (`dropPath`, which drops a whole branch for some images) apply
    /// only during training; otherwise this is a linear layer with a residual.
    ///
    /// - Parameters:
    ///   - x: `[..., K]`, the branch before its last linear layer.
    ///   - layer: that layer, weight `[O, K]`.
    ///   - residual: `[..., O]`.
    ///   - dropPath: the branch's fraction of the stochastic-depth rate, 0 to 1.
    /// - Returns: `[..., O]`.
    /// - Throws: see ``Backend``.
    /// - SeeAlso: Huang et al., Deep Networks with Stochastic Depth,
    ///   <https://arxiv.org/abs/1603.09382>.
    func addBranch(
        _ x: DeviceTensor, _ layer: LinearLayer, to residual: DeviceTensor, dropPath: Float
    ) throws -> DeviceTensor

    /// Computes multi-head attention, optionally reusing the logits of the earlier stage.
    ///
    /// For each head, `A = q k^T * scale + R` and the result is `softmax(A) v`. R is the coarse
    /// relations, resampled on the fly: `R[i, j] = sum_m sum_n w_i[m] w_j[n] coarse[m, n]`.
    ///
    /// - Parameters:
    ///   - qkv: `[B, T, 3D]`, q before k before v, each H x d.
    ///   - heads: H; it divides D.
    ///   - scale: the factor of the dot products, usually `d^-0.5`.
    ///   - queries: the tokens whose attention is computed.
    ///   - relations: the coarse relations to reuse, or nil (R = 0).
    ///   - logits: where to write A for a later stage or the backward pass, or nil; the store is
    ///     `[B, C, 1, T]` if only class tokens attend.
    /// - Returns: `[B, T, D]`, or `[B, D]` if only class tokens attend.
    /// - Throws: see ``Backend``.
    func attention(
        _ qkv: DeviceTensor, heads: Int, scale: Float, queries: AttentionQueries,
        reusing relations: ReusedRelations<DeviceTensor>?,
        keeping logits: KeptRelations<DeviceTensor>?
    ) throws -> DeviceTensor

    /// Allocates an uninitialized store for the attention logits of all blocks of a stage.
    ///
    /// - Parameters:
    ///   - batch: B.
    ///   - channels: L x H.
    ///   - tokens: T.
    /// - Returns: a store of shape `[B, channels, T, T]`.
    /// - Throws: see ``Backend``.
    func makeRelations(batch: Int, channels: Int, tokens: Int) throws -> DeviceTensor

    /// Transforms the relations of the earlier stage by two 1x1 convolutions over the channels,
    /// `contract(GELU(expand(C)))`.
    ///
    /// - Parameters:
    ///   - relations: C, `[B, LH, S, S]`.
    ///   - layer: expand `[3LH, LH]` and contract `[LH, 3LH]`.
    ///   - activation: the GELU between them.
    /// - Returns: `[B, LH, S, S]`, not yet resampled.
    /// - Throws: see ``Backend``.
    func relationReuse(
        _ relations: DeviceTensor, _ layer: RelationReuseLayer, activation: Activation
    ) throws -> DeviceTensor

    /// Transforms the features of the earlier stage for each block, and resamples them.
    ///
    /// `G = fc2(GELU(fc1(LN(F))))`, or `fc2(GELU(fc1(F)))` for a block without LayerNorm. The patch
    /// rows of G are resampled to this stage's grid; the class token's row is replaced by zeros.
    ///
    /// - Parameters:
    ///   - features: F `[B, M + 1, D']`, before the earlier stage's last LayerNorm.
    ///   - layer: the MLP of each block.
    ///   - activation: the GELU.
    ///   - resampling: from the earlier grid to this one.
    /// - Returns: `[B, N + 1, E]` for each block.
    /// - Throws: see ``Backend``.
    func featureReuse(
        _ features: DeviceTensor, _ layer: FeatureReuseLayer, activation: Activation,
        resampling: GridResampling
    ) throws -> [DeviceTensor]

    /// Reduces the tokens of each image to one row: the rows of the first tokens, followed by the
    /// average of the later ones.
    ///
    /// - Parameters:
    ///   - x: `[B, T, D]`.
    ///   - pooling: which tokens are copied, and which are averaged.
    /// - Returns: `[B, rows D]`, see ``TokenPooling/rows``.
    /// - Throws: see ``Backend``.
    func pooledTokens(_ x: DeviceTensor, _ pooling: TokenPooling) throws -> DeviceTensor

    /// Copies selected images into a dense batch, after those of another batch.
    ///
    /// The result may extend the other batch in place if its memory has room; then only the
    /// selected rows are copied. Both batches keep their values.
    ///
    /// - Parameters:
    ///   - x: `[B, ...]`.
    ///   - rows: indices below B, in output order.
    ///   - batch: `[F, ...]`, the rows that come first, or nil (F = 0).
    /// - Returns: `[F + rows.count, ...]`.
    /// - Throws: see ``Backend``.
    func gather(
        _ x: DeviceTensor, rows: [Int], after batch: DeviceTensor?
    ) throws -> DeviceTensor

    /// Reduces logits to the top-1 class, its softmax probability and a criterion's score, and
    /// waits for them.
    ///
    /// Ties go to the first class. The score is computed from `softmax(logits / temperature)`; the
    /// probability is not scaled, so the two are equal for ``ExitCriterion/confidence`` at
    /// temperature 1. A NaN among the logits makes the probability NaN.
    ///
    /// - Parameters:
    ///   - logits: `[B, classes]`.
    ///   - criterion: the criterion that defines the score.
    ///   - temperature: above 0.
    /// - Returns: one value per image.
    /// - Throws: see ``Backend``.
    func confidence(
        _ logits: DeviceTensor, criterion: ExitCriterion, temperature: Float
    ) throws -> [ClassConfidence]
}

extension Backend {
    /// Extracts the class token's row of each image.
    ///
    /// - Parameter x: `[B, T, D]`.
    /// - Returns: `[B, D]`.
    /// - Throws: see ``Backend``.
    public func classTokens(_ x: DeviceTensor) throws -> DeviceTensor {
        try pooledTokens(x, .classToken)
    }
}

// Backends that use weights unchanged need no preparation.

extension Backend where LinearLayer == LinearParameters<DeviceTensor> {
    /// Returns the parameters themselves.
    ///
    /// - Parameter parameters: weight and bias.
    /// - Returns: the parameters.
    public func makeLinear(_ parameters: LinearParameters<DeviceTensor>) -> LinearLayer {
        parameters
    }
}

extension Backend where FeatureReuseLayer == [FeatureReuseParameters<DeviceTensor>] {
    /// Returns the parameters themselves.
    ///
    /// - Parameter blocks: the MLP of each block.
    /// - Returns: the parameters.
    public func makeFeatureReuse(
        _ blocks: [FeatureReuseParameters<DeviceTensor>]
    ) -> FeatureReuseLayer { blocks }
}

extension Backend where RelationReuseLayer == RelationReuseParameters<DeviceTensor> {
    /// Returns the parameters themselves.
    ///
    /// - Parameter parameters: the two convolutions.
    /// - Returns: the parameters.
    public func makeRelationReuse(
        _ parameters: RelationReuseParameters<DeviceTensor>
    ) -> RelationReuseLayer { parameters }
}

extension Backend {
    /// Computes ``layerNorm(_:appending:_:)``, then ``linear(_:_:activation:residual:)``.
    ///
    /// - Parameters:
    ///   - x: `[..., D]`.
    ///   - features: reused features `[..., E]` appended to each row, or nil (E = 0).
    ///   - norm: the LayerNorm's weight and bias `[D + E]`, and epsilon.
    ///   - layer: weight `[O, D + E]` and optional bias `[O]`.
    ///   - activation: applied after the bias.
    /// - Returns: `[..., O]`.
    /// - Throws: see ``Backend``.
    public func linear(
        normalizing x: DeviceTensor, appending features: DeviceTensor?,
        _ norm: LayerNormParameters<DeviceTensor>, _ layer: LinearLayer, activation: Activation
    ) throws -> DeviceTensor {
        try linear(
            layerNorm(x, appending: features, norm), layer, activation: activation, residual: nil)
    }

    /// Computes a linear layer; enough for backends that compute in float32.
    ///
    /// - Parameters:
    ///   - x: `[..., K]`.
    ///   - head: weight `[classes, K]` and optional bias `[classes]`.
    /// - Returns: `[..., classes]`.
    /// - Throws: see ``Backend``.
    public func logits(_ x: DeviceTensor, _ head: LinearLayer) throws -> DeviceTensor {
        try linear(x, head, activation: .identity, residual: nil)
    }
}

// The regularization steps do nothing unless the network is trained.

extension Backend {
    /// Returns `x`.
    ///
    /// - Parameter x: any shape.
    /// - Returns: `x`.
    public func dropout(_ x: DeviceTensor) -> DeviceTensor { x }

    /// Computes `residual + x weight^T + bias`.
    ///
    /// - Parameters:
    ///   - x: `[..., K]`.
    ///   - layer: weight `[O, K]`.
    ///   - residual: `[..., O]`.
    ///   - dropPath: not used.
    /// - Returns: `[..., O]`.
    /// - Throws: see ``Backend``.
    public func addBranch(
        _ x: DeviceTensor, _ layer: LinearLayer, to residual: DeviceTensor, dropPath: Float
    ) throws -> DeviceTensor {
        try linear(x, layer, activation: .identity, residual: residual)
    }

    /// Reduces logits to the top-1 class and its softmax probability, and waits for them.
    ///
    /// - Parameter logits: `[B, classes]`.
    /// - Returns: one value per image; its score is the probability.
    /// - Throws: see ``Backend``.
    public func confidence(_ logits: DeviceTensor) throws -> [ClassConfidence] {
        try confidence(logits, criterion: .confidence, temperature: 1)
    }
}

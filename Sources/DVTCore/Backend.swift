/// A tensor as a backend holds it; only its shape can be read without waiting.
public protocol BackendTensor {
    /// The extents.
    var shape: Shape { get }
}

/// A device and the operations that networks are made of.
///
/// Calls enqueue work in order and return at once; only ``download(_:)`` and
/// ``confidence(_:criterion:temperature:)`` wait. A backend is confined to one thread or actor.
/// Layers with weights are prepared once, when a model is built, by ``makeLinear(_:)`` and its
/// like: a backend packs or folds weights there, in the form that its kernels read.
/// Letters in shapes: B batch, N patch tokens, T = N + 1 with the class token, M and S = M + 1 the
/// same of the stage before, D width, H heads, d = D / H, L depth. Every operation throws
/// ``ShapeError`` when shapes do not fit, and the backend's own error when its device fails.
public protocol Backend {
    /// The tensors of this backend.
    associatedtype DeviceTensor: BackendTensor
    /// A linear layer, prepared by ``makeLinear(_:)``.
    associatedtype LinearLayer = LinearParameters<DeviceTensor>
    /// The feature-reuse MLPs of a stage, prepared by ``makeFeatureReuse(_:)``.
    associatedtype FeatureReuseLayer = [FeatureReuseParameters<DeviceTensor>]
    /// The relation-reuse MLP of a stage, prepared by ``makeRelationReuse(_:)``.
    associatedtype RelationReuseLayer = RelationReuseParameters<DeviceTensor>

    /// The device that does the work, for people.
    var deviceName: String { get }

    /// Sizes reused memory for batches of up to this many images.
    ///
    /// Smaller batches, such as the images that pass an exit, then need no new memory.
    ///
    /// - Parameter batch: the largest batch of the calls that follow.
    func reserve(batch: Int)

    /// Releases memory kept for reuse, and forgets the reserved batch.
    func releaseMemory()

    /// Waits until all enqueued work is done.
    ///
    /// - Throws: the backend's error when work on the device failed.
    func finish() throws

    /// Prepares a linear layer for ``linear(_:_:activation:residual:)``.
    ///
    /// - Parameter parameters: weight `[O, K]`, `[O, K, 1, 1]` or `[O, C, k, k]`, and bias.
    /// - Returns: the layer; it follows in-place changes of its parameters.
    /// - Throws: the backend's error.
    func makeLinear(_ parameters: LinearParameters<DeviceTensor>) throws -> LinearLayer

    /// Prepares the MLPs for ``featureReuse(_:_:activation:resampling:)``.
    ///
    /// - Parameter blocks: for every block its LayerNorm over D' or none, fc1 `[F, D']` and fc2
    ///   `[E, F]`.
    /// - Returns: the layer; it follows in-place changes of its parameters.
    /// - Throws: the backend's error.
    func makeFeatureReuse(
        _ blocks: [FeatureReuseParameters<DeviceTensor>]
    ) throws -> FeatureReuseLayer

    /// Prepares the MLP for ``relationReuse(_:_:activation:)``.
    ///
    /// - Parameter parameters: expand `[3LH, LH]` and contract `[LH, 3LH]`, each with a bias.
    /// - Returns: the layer; it follows in-place changes of its parameters.
    /// - Throws: the backend's error.
    func makeRelationReuse(
        _ parameters: RelationReuseParameters<DeviceTensor>
    ) throws -> RelationReuseLayer

    /// Copies a tensor to the device.
    ///
    /// - Parameter tensor: the values.
    /// - Returns: the device's copy.
    /// - Throws: the backend's error when memory cannot be had.
    func upload(_ tensor: Tensor) throws -> DeviceTensor

    /// Copies a batch to the device, into memory that fits the largest one announced.
    ///
    /// - Parameter batch: the values, `[B, ...]`.
    /// - Returns: the device's copy.
    /// - Throws: the backend's error when memory cannot be had.
    func uploadBatch(_ batch: Tensor) throws -> DeviceTensor

    /// Waits for a tensor and copies it to the host.
    ///
    /// - Parameter tensor: the device's tensor.
    /// - Returns: its values.
    /// - Throws: the backend's error when work on the device failed.
    func download(_ tensor: DeviceTensor) throws -> Tensor

    /// Cuts images into patches and projects each: a convolution, tokens row-major over the grid.
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

    /// Attention that is linear in the tokens, by random features of queries and keys.
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

    /// Some columns of every row.
    ///
    /// - Parameters:
    ///   - x: `[..., D]`.
    ///   - columns: the columns, within D.
    /// - Returns: `[..., columns.count]`.
    /// - Throws: see ``Backend``.
    func columns(_ x: DeviceTensor, _ columns: Range<Int>) throws -> DeviceTensor

    /// Prepends the class token and adds the positions.
    ///
    /// - Parameters:
    ///   - tokens: `[B, N, D]`.
    ///   - classToken: `[1, 1, D]`.
    ///   - positions: `[1, N + 1, D]`.
    /// - Returns: `concat(classToken, tokens) + positions`, `[B, N + 1, D]`.
    /// - Throws: see ``Backend``.
    func embedTokens(
        _ tokens: DeviceTensor, classToken: DeviceTensor, positions: DeviceTensor
    ) throws -> DeviceTensor

    /// Normalizes each row, of `x` or of `x` with `features` appended, then scales and shifts it.
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

    /// `activation(x weight^T + bias) + residual`.
    ///
    /// - Parameters:
    ///   - x: `[..., K]`.
    ///   - layer: weight `[O, K]` and bias `[O]` or none.
    ///   - activation: applied after the bias.
    ///   - residual: `[..., O]`, added last, or nil.
    /// - Returns: `[..., O]`.
    /// - Throws: see ``Backend``.
    func linear(
        _ x: DeviceTensor, _ layer: LinearLayer, activation: Activation, residual: DeviceTensor?
    ) throws -> DeviceTensor

    /// Drops elements at random while the network is trained; otherwise the identity.
    ///
    /// - Parameter x: any shape.
    /// - Returns: a tensor of the same shape.
    /// - Throws: see ``Backend``.
    /// - SeeAlso: Srivastava et al., Dropout, <https://jmlr.org/papers/v15/srivastava14a.html>.
    func dropout(_ x: DeviceTensor) throws -> DeviceTensor

    /// Ends a residual branch: `residual + dropPath(dropout(x weight^T + bias))`.
    ///
    /// Dropout and stochastic depth (`dropPath`, which drops a whole branch for some images) act
    /// only while the network is trained; otherwise this is a linear layer with a residual.
    ///
    /// - Parameters:
    ///   - x: `[..., K]`, the branch before its last linear layer.
    ///   - layer: that layer, weight `[O, K]`.
    ///   - residual: `[..., O]`.
    ///   - dropPath: the branch's share of the training run's rate of stochastic depth, 0 to 1.
    /// - Returns: `[..., O]`.
    /// - Throws: see ``Backend``.
    /// - SeeAlso: Huang et al., Deep Networks with Stochastic Depth,
    ///   <https://arxiv.org/abs/1603.09382>.
    func addBranch(
        _ x: DeviceTensor, _ layer: LinearLayer, to residual: DeviceTensor, dropPath: Float
    ) throws -> DeviceTensor

    /// Multi-head attention whose logits may reuse those of an earlier stage.
    ///
    /// For every head, `A = q k^T * scale + R` and the result is `softmax(A) v`. R resamples the
    /// coarse relations as it is added: `R[i, j] = sum_m sum_n w_i[m] w_j[n] coarse[m, n]`.
    ///
    /// - Parameters:
    ///   - qkv: `[B, T, 3D]`, q before k before v, each H x d.
    ///   - heads: H; it divides D.
    ///   - scale: the factor of the products, usually `d^-0.5`.
    ///   - queries: the tokens that attend.
    ///   - relations: the coarse relations to reuse, or nil (R = 0).
    ///   - logits: where to write A, for a later stage or for the backward pass, or nil; where only
    ///     class tokens attend, its store is `[B, C, 1, T]`.
    /// - Returns: `[B, T, D]`, or `[B, D]` where only class tokens attend.
    /// - Throws: see ``Backend``.
    func attention(
        _ qkv: DeviceTensor, heads: Int, scale: Float, queries: AttentionQueries,
        reusing relations: ReusedRelations<DeviceTensor>?,
        keeping logits: KeptRelations<DeviceTensor>?
    ) throws -> DeviceTensor

    /// Allocates a store for the attention logits of all blocks of a stage, uninitialized.
    ///
    /// - Parameters:
    ///   - batch: B.
    ///   - channels: L x H.
    ///   - tokens: T.
    /// - Returns: a store of shape `[B, channels, T, T]`.
    /// - Throws: see ``Backend``.
    func makeRelations(batch: Int, channels: Int, tokens: Int) throws -> DeviceTensor

    /// Transforms the relations of the earlier stage, pointwise over every pair of tokens:
    /// `contract(GELU(expand(C)))`, two 1x1 convolutions over the channels.
    ///
    /// - Parameters:
    ///   - relations: C, `[B, LH, S, S]`.
    ///   - layer: expand `[3LH, LH]` and contract `[LH, 3LH]`.
    ///   - activation: the GELU between them.
    /// - Returns: `[B, LH, S, S]`, still at the coarse size.
    /// - Throws: see ``Backend``.
    func relationReuse(
        _ relations: DeviceTensor, _ layer: RelationReuseLayer, activation: Activation
    ) throws -> DeviceTensor

    /// Transforms the features of the earlier stage for every block, and resamples them.
    ///
    /// `G = fc2(GELU(fc1(LN(F))))`, or `fc2(GELU(fc1(F)))` where a block has no LayerNorm; the
    /// class row is dropped, the patch rows are resampled to this stage's grid, and a zero row
    /// takes the class token's place.
    ///
    /// - Parameters:
    ///   - features: F `[B, M + 1, D']`, before the earlier stage's last LayerNorm.
    ///   - layer: the MLP of every block.
    ///   - activation: the GELU.
    ///   - resampling: from the earlier grid to this one.
    /// - Returns: for every block, `[B, N + 1, E]`.
    /// - Throws: see ``Backend``.
    func featureReuse(
        _ features: DeviceTensor, _ layer: FeatureReuseLayer, activation: Activation,
        resampling: GridResampling
    ) throws -> [DeviceTensor]

    /// The class token's row of every image.
    ///
    /// - Parameter x: `[B, T, D]`.
    /// - Returns: `[B, D]`.
    /// - Throws: see ``Backend``.
    func classTokens(_ x: DeviceTensor) throws -> DeviceTensor

    /// Copies some images' rows into a dense batch, behind those of another batch.
    ///
    /// The result may lie in the other batch's memory, where that has room: then only the rows
    /// are copied. Both batches keep their values.
    ///
    /// - Parameters:
    ///   - x: `[B, ...]`.
    ///   - rows: indices below B, in the order wanted.
    ///   - batch: `[F, ...]`, the rows that come first, or nil (F = 0).
    /// - Returns: `[F + rows.count, ...]`.
    /// - Throws: see ``Backend``.
    func gather(
        _ x: DeviceTensor, rows: [Int], after batch: DeviceTensor?
    ) throws -> DeviceTensor

    /// Reduces logits to the top-1 class, its softmax probability and a criterion's score, and
    /// waits for them.
    ///
    /// Of equal logits the first class wins. The score is computed from
    /// `softmax(logits / temperature)`; the probability is not scaled, so the two are equal for
    /// ``ExitCriterion/confidence`` at temperature 1. A NaN among the logits makes it NaN.
    ///
    /// - Parameters:
    ///   - logits: `[B, classes]`.
    ///   - criterion: what the score is.
    ///   - temperature: above 0.
    /// - Returns: one value per image.
    /// - Throws: see ``Backend``.
    func confidence(
        _ logits: DeviceTensor, criterion: ExitCriterion, temperature: Float
    ) throws -> [ClassConfidence]
}

// Backends that read weights as they are need no preparation.

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
    /// - Parameter blocks: the MLP of every block.
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

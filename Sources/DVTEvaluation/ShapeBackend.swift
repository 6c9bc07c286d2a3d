internal import DVTCore

/// A tensor without values that counts the bytes it would take.
final class ShapeTensor: BackendTensor {
    let shape: Shape
    private let meter: MemoryMeter

    init(_ shape: Shape, _ meter: MemoryMeter) {
        self.shape = shape
        self.meter = meter
        meter.take(shape.byteCount)
    }

    deinit {
        meter.giveBack(shape.byteCount)
    }
}

/// The bytes of all tensors that live, and the most there ever were.
final class MemoryMeter {
    private(set) var liveBytes = 0
    private(set) var peakBytes = 0

    func take(_ bytes: Int) {
        liveBytes += bytes
        peakBytes = max(peakBytes, liveBytes)
    }

    func giveBack(_ bytes: Int) {
        liveBytes -= bytes
    }
}

/// Runs the network on shapes alone, to see what its tensors take; every value it gives is 0.
final class ShapeBackend: Backend {
    let deviceName = "shapes"
    let meter = MemoryMeter()

    /// A tensor of a shape.
    func tensor(_ shape: Shape) -> ShapeTensor { ShapeTensor(shape, meter) }

    func reserve(batch: Int) {}
    func releaseMemory() {}
    func finish() {}
    func upload(_ tensor: Tensor) -> ShapeTensor { self.tensor(tensor.shape) }
    func uploadBatch(_ batch: Tensor) -> ShapeTensor { tensor(batch.shape) }
    func download(_ tensor: ShapeTensor) -> Tensor { Tensor(tensor.shape, repeating: 0) }

    func patchEmbed(
        _ images: ShapeTensor, _ projection: LinearParameters<ShapeTensor>, geometry: PatchGeometry
    ) throws -> ShapeTensor {
        let sizes = try PatchEmbedSizes(
            images: images.shape, weight: projection.weight.shape, bias: projection.bias?.shape,
            geometry: geometry)
        return tensor(sizes.outputShape)
    }

    func softSplit(_ x: ShapeTensor, geometry: PatchGeometry) throws -> ShapeTensor {
        tensor(try SoftSplitSizes(x.shape, geometry: geometry).outputShape)
    }

    func performerAttention(_ kqv: ShapeTensor, features: ShapeTensor) throws -> ShapeTensor {
        tensor(try PerformerSizes(kqv: kqv.shape, features: features.shape).outputShape)
    }

    func columns(_ x: ShapeTensor, _ columns: Range<Int>) throws -> ShapeTensor {
        tensor(try columnsShape(x.shape, columns))
    }

    func embedTokens(
        _ tokens: ShapeTensor, classToken: ShapeTensor, positions: ShapeTensor
    ) throws -> ShapeTensor {
        let sizes = try EmbedTokensSizes(
            tokens: tokens.shape, classToken: classToken.shape, positions: positions.shape)
        return tensor(sizes.outputShape)
    }

    func layerNorm(
        _ x: ShapeTensor, appending features: ShapeTensor?,
        _ parameters: LayerNormParameters<ShapeTensor>
    ) throws -> ShapeTensor {
        let sizes = try LayerNormSizes(
            x: x.shape, features: features?.shape, weight: parameters.weight.shape,
            bias: parameters.bias.shape)
        return tensor(sizes.outputShape)
    }

    func linear(
        _ x: ShapeTensor, _ parameters: LinearParameters<ShapeTensor>, activation: Activation,
        residual: ShapeTensor?
    ) throws -> ShapeTensor {
        let sizes = try LinearSizes(
            x: x.shape, weight: parameters.weight.shape, bias: parameters.bias?.shape,
            residual: residual?.shape)
        return tensor(sizes.outputShape)
    }

    func attention(
        _ qkv: ShapeTensor, heads: Int, scale: Float, queries: AttentionQueries,
        reusing relations: ReusedRelations<ShapeTensor>?, keeping logits: KeptLogits<ShapeTensor>?
    ) throws -> ShapeTensor {
        let sizes = try AttentionSizes(
            qkv: qkv.shape, heads: heads, queries: queries,
            reusing: relations.map(RelationShape.init), keeping: logits.map(RelationShape.init))
        return tensor(sizes.outputShape)
    }

    func makeRelations(batch: Int, channels: Int, tokens: Int) -> ShapeTensor {
        tensor([batch, channels, tokens, tokens])
    }

    func relationReuse(
        _ relations: ShapeTensor, _ parameters: RelationReuseParameters<ShapeTensor>,
        activation: Activation
    ) throws -> ShapeTensor {
        _ = try RelationReuseSizes(relations: relations.shape, parameters: parameters)
        return tensor(relations.shape)
    }

    func featureReuse(
        _ features: ShapeTensor, _ blocks: [FeatureReuseParameters<ShapeTensor>],
        activation: Activation, resampling: GridResampling
    ) throws -> [ShapeTensor] {
        try blocks.map { block in
            let sizes = try FeatureReuseSizes(
                features: features.shape, block: block, resampling: resampling)
            return tensor(sizes.outputShape)
        }
    }

    func classTokens(_ x: ShapeTensor) throws -> ShapeTensor {
        try requireRank("x", x.shape, 3)
        return tensor([x.shape[0], x.shape[2]])
    }

    func gather(
        _ x: ShapeTensor, rows: [Int], after batch: ShapeTensor?
    ) throws -> ShapeTensor {
        tensor(try gatheredShape(x.shape, rows: rows, after: batch?.shape))
    }

    func confidence(
        _ logits: ShapeTensor, criterion: ExitCriterion, temperature: Float
    ) throws -> [ClassConfidence] {
        _ = try confidenceClasses(logits.shape)
        return Array(
            repeating: ClassConfidence(classIndex: 0, confidence: 0), count: logits.shape[0])
    }
}

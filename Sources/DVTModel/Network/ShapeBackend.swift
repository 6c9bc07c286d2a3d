package import DVTCore

/// A tensor without values that counts the bytes it would occupy.
package final class ShapeTensor: BackendTensor {
    package let shape: Shape
    private let meter: MemoryMeter

    package init(_ shape: Shape, _ meter: MemoryMeter) {
        self.shape = shape
        self.meter = meter
        meter.take(shape.byteCount)
    }

    deinit {
        meter.giveBack(shape.byteCount)
    }
}

/// The bytes of all live tensors, and their peak.
package final class MemoryMeter {
    package private(set) var liveBytes = 0
    package private(set) var peakBytes = 0

    package func take(_ bytes: Int) {
        liveBytes += bytes
        peakBytes = max(peakBytes, liveBytes)
    }

    package func giveBack(_ bytes: Int) {
        liveBytes -= bytes
    }
}

/// Runs the network on shapes only, to measure the memory of its tensors; all values are 0.
package final class ShapeBackend: Backend {
    package init() {}

    package let deviceName = "shapes"
    package let meter = MemoryMeter()

    package func tensor(_ shape: Shape) -> ShapeTensor { ShapeTensor(shape, meter) }

    package func reserve(batch: Int) {}
    package func releaseMemory() {}
    package func finish() {}
    package func upload(_ tensor: Tensor) -> ShapeTensor { self.tensor(tensor.shape) }
    package func uploadBatch(_ batch: Tensor) -> ShapeTensor { tensor(batch.shape) }
    package func download(_ tensor: ShapeTensor) -> Tensor { Tensor(tensor.shape, repeating: 0) }

    package func patchEmbed(
        _ images: ShapeTensor, _ projection: LinearParameters<ShapeTensor>, geometry: PatchGeometry
    ) throws -> ShapeTensor {
        let sizes = try PatchEmbedSizes(
            images: images.shape, weight: projection.weight.shape, bias: projection.bias?.shape,
            geometry: geometry)
        return tensor(sizes.outputShape)
    }

    package func softSplit(_ x: ShapeTensor, geometry: PatchGeometry) throws -> ShapeTensor {
        tensor(try SoftSplitSizes(x.shape, geometry: geometry).outputShape)
    }

    package func performerAttention(
        _ kqv: ShapeTensor, randomFeatures features: LinearParameters<ShapeTensor>
    ) throws -> ShapeTensor {
        tensor(try PerformerSizes(kqv: kqv.shape, features: features.weight.shape).outputShape)
    }

    package func columns(_ x: ShapeTensor, _ columns: Range<Int>) throws -> ShapeTensor {
        tensor(try columnsShape(x.shape, columns))
    }

    package func embedTokens(
        _ tokens: ShapeTensor, prefix: ShapeTensor?, positions: ShapeTensor
    ) throws -> ShapeTensor {
        let sizes = try EmbedTokensSizes(
            tokens: tokens.shape, prefix: prefix?.shape, positions: positions.shape)
        return tensor(sizes.outputShape)
    }

    package func layerNorm(
        _ x: ShapeTensor, appending features: ShapeTensor?,
        _ parameters: LayerNormParameters<ShapeTensor>
    ) throws -> ShapeTensor {
        let sizes = try LayerNormSizes(
            x: x.shape, features: features?.shape, weight: parameters.weight.shape,
            bias: parameters.bias.shape)
        return tensor(sizes.outputShape)
    }

    package func linear(
        _ x: ShapeTensor, _ parameters: LinearParameters<ShapeTensor>, activation: Activation,
        residual: ShapeTensor?
    ) throws -> ShapeTensor {
        let sizes = try LinearSizes(
            x: x.shape, weight: parameters.weight.shape, bias: parameters.bias?.shape,
            residual: residual?.shape)
        return tensor(sizes.outputShape)
    }

    package func attention(
        _ qkv: ShapeTensor, heads: Int, scale: Float, queries: AttentionQueries,
        reusing relations: ReusedRelations<ShapeTensor>?,
        keeping logits: KeptRelations<ShapeTensor>?
    ) throws -> ShapeTensor {
        let sizes = try AttentionSizes(
            qkv: qkv.shape, heads: heads, queries: queries,
            reusing: relations.map(RelationShape.init), keeping: logits.map(RelationShape.init))
        return tensor(sizes.outputShape)
    }

    package func makeRelations(batch: Int, channels: Int, tokens: Int) -> ShapeTensor {
        tensor([batch, channels, tokens, tokens])
    }

    package func relationReuse(
        _ relations: ShapeTensor, _ parameters: RelationReuseParameters<ShapeTensor>,
        activation: Activation
    ) throws -> ShapeTensor {
        _ = try RelationReuseSizes(relations: relations.shape, parameters: parameters)
        return tensor(relations.shape)
    }

    package func featureReuse(
        _ features: ShapeTensor, _ blocks: [FeatureReuseParameters<ShapeTensor>],
        activation: Activation, resampling: GridResampling
    ) throws -> [ShapeTensor] {
        try blocks.map { block in
            let sizes = try FeatureReuseSizes(
                features: features.shape, block: block, resampling: resampling)
            return tensor(sizes.outputShape)
        }
    }

    package func resizedImages(_ images: ShapeTensor, to side: Int) throws -> ShapeTensor {
        tensor(try ResizedImagesSizes(images.shape, to: side).outputShape)
    }

    package func pooledTokens(
        _ x: ShapeTensor, _ pooling: TokenPooling
    ) throws -> ShapeTensor {
        tensor(try PooledTokensSizes(x.shape, pooling).outputShape)
    }

    package func gather(
        _ x: ShapeTensor, rows: [Int], after batch: ShapeTensor?
    ) throws -> ShapeTensor {
        tensor(try gatheredShape(x.shape, rows: rows, after: batch?.shape))
    }

    package func confidence(
        _ logits: ShapeTensor, criterion: ExitCriterion, temperature: Float
    ) throws -> [ClassConfidence] {
        _ = try confidenceClasses(logits.shape)
        return Array(
            repeating: ClassConfidence(classIndex: 0, probability: 0), count: logits.shape[0])
    }
}

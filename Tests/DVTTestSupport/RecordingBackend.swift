import DVTCore

/// Forwards every operation to another backend and records the calls.
package final class RecordingBackend<Base: Backend>: Backend {
    package typealias DeviceTensor = Base.DeviceTensor
    package typealias LinearLayer = Base.LinearLayer
    package typealias FeatureReuseLayer = Base.FeatureReuseLayer
    package typealias RelationReuseLayer = Base.RelationReuseLayer

    /// One call: the operation and its batch size.
    package struct Call: Equatable, Sendable {
        package let name: String
        package let batch: Int
    }

    package let base: Base
    package private(set) var calls: [Call] = []

    package init(_ base: Base) {
        self.base = base
    }

    /// Clears the recorded calls.
    package func reset() {
        calls = []
    }

    /// The batch sizes of the calls of one operation, in order.
    package func batches(_ name: String) -> [Int] {
        calls.filter { $0.name == name }.map(\.batch)
    }

    private func record(_ name: String, _ shape: Shape) {
        calls.append(Call(name: name, batch: shape[0]))
    }

    package var deviceName: String { base.deviceName }

    package func reserve(batch: Int) {
        base.reserve(batch: batch)
    }

    package func releaseMemory() {
        base.releaseMemory()
    }

    package func finish() throws {
        try base.finish()
    }

    package func upload(_ tensor: Tensor) throws -> DeviceTensor {
        record("upload", tensor.shape)
        return try base.upload(tensor)
    }

    package func uploadBatch(_ batch: Tensor) throws -> DeviceTensor {
        record("uploadBatch", batch.shape)
        return try base.uploadBatch(batch)
    }

    package func download(_ tensor: DeviceTensor) throws -> Tensor {
        record("download", tensor.shape)
        return try base.download(tensor)
    }

    package func makeLinear(
        _ parameters: LinearParameters<DeviceTensor>
    ) throws -> LinearLayer { try base.makeLinear(parameters) }

    package func makeFeatureReuse(
        _ blocks: [FeatureReuseParameters<DeviceTensor>]
    ) throws -> FeatureReuseLayer { try base.makeFeatureReuse(blocks) }

    package func makeRelationReuse(
        _ parameters: RelationReuseParameters<DeviceTensor>
    ) throws -> RelationReuseLayer { try base.makeRelationReuse(parameters) }

    package func patchEmbed(
        _ images: DeviceTensor, _ projection: LinearLayer, geometry: PatchGeometry
    ) throws -> DeviceTensor {
        record("patchEmbed", images.shape)
        return try base.patchEmbed(images, projection, geometry: geometry)
    }

    package func softSplit(
        _ x: DeviceTensor, geometry: PatchGeometry
    ) throws -> DeviceTensor {
        record("softSplit", x.shape)
        return try base.softSplit(x, geometry: geometry)
    }

    package func performerAttention(
        _ kqv: DeviceTensor, randomFeatures features: LinearLayer
    ) throws -> DeviceTensor {
        record("performerAttention", kqv.shape)
        return try base.performerAttention(kqv, randomFeatures: features)
    }

    package func columns(_ x: DeviceTensor, _ columns: Range<Int>) throws -> DeviceTensor {
        record("columns", x.shape)
        return try base.columns(x, columns)
    }

    package func embedTokens(
        _ tokens: DeviceTensor, prefix: DeviceTensor?, positions: DeviceTensor
    ) throws -> DeviceTensor {
        record("embedTokens", tokens.shape)
        return try base.embedTokens(tokens, prefix: prefix, positions: positions)
    }

    package func layerNorm(
        _ x: DeviceTensor, appending features: DeviceTensor?,
        _ parameters: LayerNormParameters<DeviceTensor>
    ) throws -> DeviceTensor {
        record("layerNorm", x.shape)
        return try base.layerNorm(x, appending: features, parameters)
    }

    package func linear(
        _ x: DeviceTensor, _ layer: LinearLayer, activation: Activation, residual: DeviceTensor?
    ) throws -> DeviceTensor {
        record("linear", x.shape)
        return try base.linear(x, layer, activation: activation, residual: residual)
    }

    package func attention(
        _ qkv: DeviceTensor, heads: Int, scale: Float, queries: AttentionQueries,
        reusing relations: ReusedRelations<DeviceTensor>?,
        keeping logits: KeptRelations<DeviceTensor>?
    ) throws -> DeviceTensor {
        let kind = queries == .classToken ? "class attention" : "attention"
        record(logits == nil ? kind : "attention keeping", qkv.shape)
        return try base.attention(
            qkv, heads: heads, scale: scale, queries: queries, reusing: relations, keeping: logits)
    }

    package func makeRelations(batch: Int, channels: Int, tokens: Int) throws -> DeviceTensor {
        record("makeRelations", [batch])
        return try base.makeRelations(batch: batch, channels: channels, tokens: tokens)
    }

    package func relationReuse(
        _ relations: DeviceTensor, _ layer: RelationReuseLayer, activation: Activation
    ) throws -> DeviceTensor {
        record("relationReuse", relations.shape)
        return try base.relationReuse(relations, layer, activation: activation)
    }

    package func featureReuse(
        _ features: DeviceTensor, _ layer: FeatureReuseLayer, activation: Activation,
        resampling: GridResampling
    ) throws -> [DeviceTensor] {
        record("featureReuse", features.shape)
        return try base.featureReuse(
            features, layer, activation: activation, resampling: resampling)
    }

    package func resizedImages(_ images: DeviceTensor, to side: Int) throws -> DeviceTensor {
        record("resizedImages", images.shape)
        return try base.resizedImages(images, to: side)
    }

    package func pooledTokens(
        _ x: DeviceTensor, _ pooling: TokenPooling
    ) throws -> DeviceTensor {
        record("pooledTokens", x.shape)
        return try base.pooledTokens(x, pooling)
    }

    package func gather(
        _ x: DeviceTensor, rows: [Int], after batch: DeviceTensor?
    ) throws -> DeviceTensor {
        record("gather", [rows.count])
        return try base.gather(x, rows: rows, after: batch)
    }

    package func confidence(
        _ logits: DeviceTensor, criterion: ExitCriterion, temperature: Float
    ) throws -> [ClassConfidence] {
        record("confidence", logits.shape)
        return try base.confidence(logits, criterion: criterion, temperature: temperature)
    }
}

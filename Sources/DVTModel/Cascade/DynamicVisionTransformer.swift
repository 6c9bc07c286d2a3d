public import DVTCore

/// A cascade of Vision Transformers in which an image that has left costs nothing more.
///
/// After every stage the host reads how sure its exit is of each image and asks the ``ExitPolicy``;
/// the images that go on are gathered on the device into a dense smaller batch, with the features
/// and attention logits that the next stage reuses. Nothing of a stage is enqueued when everybody
/// has left. One call runs one batch; for more, a ``CascadeStream`` keeps the later stages' batches
/// full.
///
/// - SeeAlso: Wang et al., Not All Images are Worth 16x16 Words: Dynamic Transformers for Efficient
///   Image Recognition, NeurIPS 2021, <https://arxiv.org/abs/2105.15075>.
public final class DynamicVisionTransformer<B: Backend> {
    /// The cascade's numbers.
    public let configuration: CascadeConfiguration
    /// The device that runs it.
    public let backend: B
    let stages: [VisionTransformer<B>]

    /// Builds a cascade and copies its weights to the device.
    ///
    /// - Parameters:
    ///   - configuration: the cascade's numbers.
    ///   - weights: where the parameters come from.
    ///   - backend: the device.
    /// - Throws: ``ModelError`` if the weights do not fit, or the source's or backend's error.
    public convenience init(
        _ configuration: CascadeConfiguration, weights: some ParameterSource, backend: B
    ) throws {
        try weights.check(configuration)
        try self.init(configuration, backend: backend) { parameter in
            let tensor = try weights.tensor(parameter, of: configuration)
            try requireShape(parameter.name, tensor.shape, parameter.shape)
            return try backend.upload(tensor)
        }
    }

    /// Builds a cascade of parameters that are on the device already.
    ///
    /// - Parameters:
    ///   - configuration: the cascade's numbers.
    ///   - backend: the device.
    ///   - parameter: returns each parameter; called once for each, in the order of the network.
    /// - Throws: the backend's error, and what `parameter` throws.
    package init(
        _ configuration: CascadeConfiguration, backend: B,
        parameter: @escaping (ParameterSpecification) throws -> B.DeviceTensor
    ) throws {
        self.configuration = configuration
        self.backend = backend
        stages = try configuration.stages.indices.map { stage in
            try VisionTransformer(
                ParameterBuilder(stage: stage, backend: backend, make: parameter), configuration,
                stage: stage)
        }
    }

    /// Builds a cascade from its stages; see ``init(_:weights:backend:)``.
    ///
    /// - Parameters:
    ///   - stages: one or more, in the order they run.
    ///   - featureReuse: whether a stage reuses the features of the stage before.
    ///   - relationReuse: whether a stage reuses the attention logits of the stage before.
    ///   - weights: where the parameters come from.
    ///   - backend: the device.
    /// - Throws: ``ModelError`` if the stages or the weights do not fit, or the source's or
    ///   backend's error.
    public convenience init(
        _ stages: [VisionTransformerConfiguration], featureReuse: Bool = true,
        relationReuse: Bool = true, weights: some ParameterSource, backend: B
    ) throws {
        let configuration = try CascadeConfiguration(
            stages, featureReuse: featureReuse, relationReuse: relationReuse)
        try self.init(configuration, weights: weights, backend: backend)
    }

    /// Classifies a batch of images.
    ///
    /// - Parameters:
    ///   - images: `[B, C, S, S]`, normalized.
    ///   - policy: which images leave at which exit.
    ///   - topK: how many classes each prediction lists.
    /// - Returns: one prediction an image, and the rows every stage ran.
    /// - Throws: ``ModelError`` if images or policy do not fit or an exit's confidence is not a
    ///   number, or the backend's error.
    public func classify(
        _ images: Tensor, policy: ExitPolicy, topK: Int = 1
    ) throws -> CascadeResult {
        try check(images)
        let stream = try CascadeStream(
            self, batch: max(images.shape[0], 1), policy: policy, topK: topK)
        let finished = try stream.submit(images) + stream.flush()
        return CascadeResult(
            predictions: finished.sorted { $0.index < $1.index }.map(\.prediction),
            stageRows: stream.stageRows)
    }

    /// The logits of every exit for every image, with traces where they are asked for; no exit's
    /// for an empty batch.
    ///
    /// - Parameters:
    ///   - images: `[B, C, S, S]`, normalized.
    ///   - trace: told every intermediate by name, or nil.
    /// - Returns: `[B, classes]` for every exit.
    /// - Throws: ``ModelError`` if images do not fit, or the backend's error.
    public func logits(
        _ images: Tensor, trace: ((String, Tensor) -> Void)? = nil
    ) throws -> [Tensor] {
        var logits: [Tensor] = []
        try run(images, policy: .allExits, trace: trace) { visit in
            logits.append(try backend.download(visit.logits))
        }
        return logits
    }

    /// The last stage's features of every image: its class token after the last LayerNorm, which
    /// the head classifies.
    ///
    /// - Parameter images: `[B, C, S, S]`, normalized.
    /// - Returns: `[B, D]`, D being the last stage's width.
    /// - Throws: ``ModelError`` if images do not fit, or the backend's error.
    public func features(_ images: Tensor) throws -> Tensor {
        var features = Tensor([0, configuration.stages.last?.width ?? 0], values: [])
        try run(images, policy: .allExits) { visit in
            if visit.exit == stages.count - 1 {
                features = try backend.download(visit.features)
            }
        }
        return features
    }

    /// Runs the stages that the policy asks for.
    ///
    /// - Parameters:
    ///   - images: `[B, C, S, S]`.
    ///   - policy: which images leave at which exit.
    ///   - trace: told every intermediate by name, or nil.
    ///   - visit: told, after every stage, what it computed.
    /// - Throws: ``ModelError`` if images or policy do not fit, the backend's error, or `visit`'s.
    package func run(
        _ images: Tensor, policy: ExitPolicy, trace: ((String, Tensor) -> Void)? = nil,
        visit: (ExitVisit<B.DeviceTensor>) throws -> Void
    ) throws {
        try check(images)
        try policy.check(stages: stages.count)
        guard images.shape[0] > 0 else { return }
        try withMemory(batch: images.shape[0]) {
            try runStages(
                backend.uploadBatch(images), policy: policy, trace: trace, visit: visit)
        }
    }

    /// Runs the stages that the policy asks for, on images that are on the device already.
    ///
    /// - Parameters:
    ///   - images: `[B, C, S, S]`, of the model's shape.
    ///   - policy: which images leave at which exit; it fits the model.
    ///   - trace: told every intermediate by name, or nil.
    ///   - visit: told, after every stage, what it computed.
    /// - Throws: the backend's error, or `visit`'s.
    package func runStages(
        _ images: B.DeviceTensor, policy: ExitPolicy, trace: ((String, Tensor) -> Void)? = nil,
        visit: (ExitVisit<B.DeviceTensor>) throws -> Void
    ) throws {
        var flow = CascadeFlow(self, policy: policy, capacity: images.shape[0])
        let batch = StageBatch(indices: Array(0..<images.shape[0]), images: images)
        try flow.add(batch, trace: trace, visit: visit)
        try flow.flush(trace: trace, visit: visit)
    }

    /// Runs something on batches of a size, and lets go of the memory if it fails.
    ///
    /// - Parameters:
    ///   - batch: the most images of a batch.
    ///   - body: runs stages.
    /// - Returns: what `body` returns.
    /// - Throws: what `body` throws.
    func withMemory<Value>(batch: Int, _ body: () throws -> Value) throws -> Value {
        backend.reserve(batch: batch)
        do {
            return try body()
        } catch {
            // A batch that was too large must not leave its mark on the next, smaller one.
            backend.releaseMemory()
            throw error
        }
    }

    /// Checks images.
    ///
    /// - Parameter images: the batch.
    /// - Throws: ``ModelError/wrongImages(shape:expected:)`` if the shape is not the model's.
    func check(_ images: Tensor) throws {
        let expected = configuration.imageShape(batch: images.shape.rank > 0 ? images.shape[0] : 1)
        guard images.shape == expected else {
            throw ModelError.wrongImages(shape: images.shape, expected: expected)
        }
    }
}

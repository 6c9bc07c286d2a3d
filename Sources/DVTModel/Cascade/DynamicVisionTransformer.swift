public import DVTCore

/// A cascade of Vision Transformers with early exits.
///
/// After each stage the host reads the score of each image and applies the ``ExitPolicy``. The
/// remaining images are gathered on the device into a smaller dense batch, with the features and
/// attention logits that the next stage reuses; images that have exited cost nothing more. If no
/// images remain, later stages do not run. One call runs one batch; for many images, a
/// ``CascadeStream`` keeps the batches of later stages full.
///
/// - SeeAlso: Wang et al., Not All Images are Worth 16x16 Words: Dynamic Transformers for Efficient
///   Image Recognition, NeurIPS 2021, <https://arxiv.org/abs/2105.15075>.
public final class DynamicVisionTransformer<B: Backend> {
    /// The cascade's configuration.
    public let configuration: CascadeConfiguration
    /// The device that runs it.
    public let backend: B
    let stages: [VisionTransformer<B>]

    /// Builds a cascade and copies its weights to the device.
    ///
    /// - Parameters:
    ///   - configuration: the cascade's configuration.
    ///   - weights: the source of the parameters.
    ///   - backend: the device.
    /// - Throws: ``ModelError`` if the weights do not match, or the source's or backend's error.
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

    /// Builds a cascade from parameters that are already on the device.
    ///
    /// - Parameters:
    ///   - configuration: the cascade's configuration.
    ///   - backend: the device.
    ///   - parameter: returns a parameter; called once for each, in network order.
    /// - Throws: the error of the backend or `parameter`.
    package init(
        _ configuration: CascadeConfiguration, backend: B,
        parameter: @escaping (ParameterSpecification) throws -> B.DeviceTensor
    ) throws {
        self.configuration = configuration
        self.backend = backend
        var stages: [VisionTransformer<B>] = []
        for stage in configuration.stages.indices {
            stages.append(
                try VisionTransformer(
                    ParameterBuilder(stage: stage, backend: backend, make: parameter),
                    configuration, stage: stage,
                    sharing: configuration.sharesBackbone ? stages.first : nil))
        }
        self.stages = stages
    }

    /// Builds a cascade from its stages; see ``init(_:weights:backend:)``.
    ///
    /// - Parameters:
    ///   - stages: one or more, in the order they run.
    ///   - featureReuse: whether a stage reuses the features of the previous stage.
    ///   - relationReuse: whether a stage reuses the attention logits of the previous stage.
    ///   - weights: the source of the parameters.
    ///   - backend: the device.
    /// - Throws: ``ModelError`` if the stages or the weights do not match, or the source's or
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
    ///   - policy: the exit policy.
    ///   - topK: the number of classes that each prediction lists.
    /// - Returns: one prediction per image, and the number of images that each stage processed.
    /// - Throws: ``ModelError`` if the shape or policy does not match or an exit's confidence is
    ///   not finite, or the backend's error.
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

    /// Computes the logits of all exits for all images.
    ///
    /// - Parameters:
    ///   - images: `[B, C, S, S]`, normalized.
    ///   - trace: receives every intermediate by name, or nil.
    /// - Returns: `[B, classes]` for each exit; no elements for an empty batch.
    /// - Throws: ``ModelError`` if the shape does not match, or the backend's error.
    public func logits(
        _ images: Tensor, trace: ((String, Tensor) -> Void)? = nil
    ) throws -> [Tensor] {
        var logits: [Tensor] = []
        try run(images, policy: .allExits, trace: trace) { visit in
            logits.append(try backend.download(visit.logits))
        }
        return logits
    }

    /// Computes the last stage's features, which its head reads.
    ///
    /// - Parameter images: `[B, C, S, S]`, normalized.
    /// - Returns: `[B, D]`, where D is the last stage's ``VisionTransformerConfiguration/featureWidth``.
    /// - Throws: ``ModelError`` if the shape does not match, or the backend's error.
    public func features(_ images: Tensor) throws -> Tensor {
        var features = Tensor([0, configuration.stages.last?.featureWidth ?? 0], values: [])
        try run(images, policy: .allExits) { visit in
            if visit.exit == stages.count - 1 {
                features = try backend.download(visit.features)
            }
        }
        return features
    }

    /// Runs the stages that the policy requires.
    ///
    /// - Parameters:
    ///   - images: `[B, C, S, S]`.
    ///   - policy: the exit policy.
    ///   - trace: receives every intermediate by name, or nil.
    ///   - visit: receives the results of each stage.
    /// - Throws: ``ModelError`` if the shape or policy does not match, or the error of the backend
    ///   or `visit`.
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

    /// Runs the stages that the policy requires, on images that are already on the device.
    ///
    /// - Parameters:
    ///   - images: `[B, C, S, S]`, of the model's shape.
    ///   - policy: the exit policy, already checked against the model.
    ///   - trace: receives every intermediate by name, or nil.
    ///   - visit: receives the results of each stage.
    /// - Throws: the error of the backend or `visit`.
    package func runStages(
        _ images: B.DeviceTensor, policy: ExitPolicy, trace: ((String, Tensor) -> Void)? = nil,
        visit: (ExitVisit<B.DeviceTensor>) throws -> Void
    ) throws {
        var flow = CascadeFlow(self, policy: policy, capacity: images.shape[0])
        let batch = StageBatch(indices: Array(0..<images.shape[0]), images: images)
        try flow.add(batch, trace: trace, visit: visit)
        try flow.flush(trace: trace, visit: visit)
    }

    /// Runs the heads of all exits on features that were computed before.
    ///
    /// - Parameters:
    ///   - features: the features of each exit, `[B, D]`, at least one image.
    ///   - visit: receives each exit's logits, `[B, classes]`, and the top-1 classes.
    /// - Throws: the error of the backend or `visit`.
    package func runHeads(
        on features: [Tensor], visit: (B.DeviceTensor, [ClassConfidence]) throws -> Void
    ) throws {
        try withMemory(batch: features.first?.shape[0] ?? 1) {
            for (stage, features) in zip(stages, features) {
                let logits = try stage.logits(of: backend.uploadBatch(features), on: backend)
                try visit(logits, backend.confidence(logits))
            }
        }
    }

    /// Reserves memory for a batch size and runs `body`; releases the memory if `body` fails.
    ///
    /// - Parameters:
    ///   - batch: the maximum batch size.
    ///   - body: runs stages.
    /// - Returns: what `body` returns.
    /// - Throws: what `body` throws.
    func withMemory<Value>(batch: Int, _ body: () throws -> Value) throws -> Value {
        backend.reserve(batch: batch)
        do {
            return try body()
        } catch {
            // A batch that was too large must not affect the next, smaller one.
            backend.releaseMemory()
            throw error
        }
    }

    /// Checks the shape of images.
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

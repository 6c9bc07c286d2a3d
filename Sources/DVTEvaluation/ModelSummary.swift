import DVTCore
public import DVTModel

/// What one stage of a cascade is made of and costs.
public struct StageSummary: Equatable, Sendable {
    /// The stage, from 0.
    public let stage: Int
    /// The stage's numbers.
    public let configuration: VisionTransformerConfiguration
    /// The numbers it learns.
    public let parameters: Int
    /// The multiply-adds of one image in this stage, reuse included.
    public let multiplyAdds: Int
    /// Those of an image that leaves here.
    public let cumulativeMultiplyAdds: Int
    /// The bytes of float32 that the network's own tensors take at once, at most, on the way of
    /// one image to this exit; weights, and what a backend needs besides, are not counted.
    public let workingSetBytes: Int

    /// The bytes of the parameters as float32.
    public var weightBytes: Int { parameters * MemoryLayout<Float>.size }
}

extension CascadeConfiguration {
    /// What every stage is made of and costs.
    ///
    /// - Returns: one summary a stage.
    /// - Throws: ``/DVTCore/ShapeError`` or ``/DVTModel/ModelError`` if the cascade cannot run.
    public func summary() throws -> [StageSummary] {
        let backend = ShapeBackend()
        let model = try DynamicVisionTransformer(self, weights: NoWeights(), backend: backend)
        let weightBytes = backend.meter.liveBytes
        let images = Tensor(imageShape(batch: 1), repeating: 0)
        let costs = zip(stageMultiplyAdds, cumulativeMultiplyAdds)
        return try zip(stages.indices, costs).map { stage, cost in
            // The confidence is 0: it reaches the threshold of this exit alone, where what a later
            // stage would reuse is kept. The peak only grows, from exit to exit.
            let thresholds = stages.indices.dropLast().map { Float($0 == stage ? 0 : 2) }
            _ = try model.classify(images, policy: .thresholds(thresholds))
            let counts = parameters.filter { $0.stage == stage }.map(\.shape.elementCount)
            return StageSummary(
                stage: stage, configuration: stages[stage], parameters: counts.reduce(0, +),
                multiplyAdds: cost.0, cumulativeMultiplyAdds: cost.1,
                workingSetBytes: backend.meter.peakBytes - weightBytes)
        }
    }
}

/// Parameters of the right shapes, all 0.
private struct NoWeights: ParameterSource {
    func check(_ configuration: CascadeConfiguration) {}

    func tensor(
        _ parameter: ParameterSpecification, of configuration: CascadeConfiguration
    ) -> Tensor {
        Tensor(parameter.shape, repeating: 0)
    }
}

internal import DVTCore
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
        let model = try DynamicVisionTransformer(self, backend: backend) {
            backend.tensor($0.shape)
        }
        let weightBytes = backend.meter.liveBytes
        // The peak only grows on the way from exit to exit.
        var peaks: [Int] = []
        try model.runStages(backend.tensor(imageShape(batch: 1)), policy: .allExits) { _ in
            peaks.append(backend.meter.peakBytes - weightBytes)
        }
        let counts = Dictionary(grouping: parameters, by: \.stage).mapValues {
            $0.reduce(0) { $0 + $1.shape.elementCount }
        }
        let costs = zip(stageMultiplyAdds, cumulativeMultiplyAdds)
        return zip(stages.indices, costs).map { stage, cost in
            StageSummary(
                stage: stage, configuration: stages[stage], parameters: counts[stage] ?? 0,
                multiplyAdds: cost.0, cumulativeMultiplyAdds: cost.1,
                workingSetBytes: peaks[stage])
        }
    }
}

internal import DVTCore
package import DVTModel

/// The size and cost of one stage of a cascade.
package struct StageSummary: Equatable, Sendable {
    /// The stage, from 0.
    package let stage: Int
    /// The configuration of the stage.
    package let configuration: VisionTransformerConfiguration
    /// The number of trainable parameters.
    package let parameters: Int
    /// The multiply-adds of one image in this stage, reuse included.
    package let multiplyAdds: Int
    /// The multiply-adds of an image that exits here.
    package let cumulativeMultiplyAdds: Int
    /// The peak float32 bytes of the network's own tensors for one image up to this exit, without
    /// weights and backend overhead.
    package let workingSetBytes: Int

    /// The bytes of the parameters in float32.
    package var weightBytes: Int { parameters * MemoryLayout<Float>.size }
}

extension CascadeConfiguration {
    /// Summarizes every stage.
    ///
    /// - Returns: one summary per stage.
    /// - Throws: ``/DVTCore/ShapeError`` or ``/DVTModel/ModelError`` if the configuration is
    ///   invalid.
    package func summary() throws -> [StageSummary] {
        let backend = ShapeBackend()
        let model = try DynamicVisionTransformer(self, backend: backend) {
            backend.tensor($0.shape)
        }
        let weightBytes = backend.meter.liveBytes
        // The peak never decreases from exit to exit.
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

package import DVTCore

extension DynamicVisionTransformer {
    /// Runs one stage alone.
    ///
    /// - Parameters:
    ///   - stage: the stage, from 0.
    ///   - images: `[B, C, S, S]`, of the model's shape.
    ///   - state: what the earlier stage kept; empty for the first one.
    /// - Returns: the logits `[B, classes]`, and what the next stage reuses.
    /// - Throws: the backend's error.
    package func run(
        stage: Int, on images: B.DeviceTensor, reusing state: StageState<B.DeviceTensor>
    ) throws -> (logits: B.DeviceTensor, state: StageState<B.DeviceTensor>) {
        let isLast = stage == stages.count - 1
        let output = try stages[stage](
            images, reusing: state,
            keeping: KeptState(
                features: !isLast && configuration.featureReuse,
                relations: !isLast && configuration.relationReuse), on: backend)
        return (output.logits, output.state)
    }
}

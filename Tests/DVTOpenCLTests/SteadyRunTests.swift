import CallCounter
import DVTCore
import DVTEvaluation
import DVTModel
import DVTOpenCL
import DVTTestSupport
import OpenCLRuntime
import Testing

/// The driver calls of a warm cascade, counted at OpenCL's own functions to include those of
/// CLBlast.
@MainActor
@Suite(.enabled(if: TestDevice.isAvailable, Comment(rawValue: TestDevice.comment)))
struct SteadyRunTests {
    @Test(arguments: KernelStyle.allCases)
    func warmRunsBuildNothingAndCreateNoBuffers(style: KernelStyle) throws {
        let backend = try TestDevice.makeIsolatedBackend(style)
        let context = backend.context.handle
        call_counter_reset(context)
        let model = try DynamicVisionTransformer(
            TestCascades.cascade([4, 7, 10, 14]), weights: SyntheticWeights(seed: 1),
            backend: backend)
        let images = SyntheticImages.batch(model.configuration.imageShape(batch: 7), seed: 1)
        // Warm-up: every image through every stage, and some that take each exit.
        _ = try model.classify(images, policy: .allExits)
        let thresholds = try thresholds(model, images)
        let result = try model.classify(images, policy: .thresholds(thresholds))
        #expect(result.stageRows.allSatisfy { $0 > 0 }, "\(result.stageRows)")

        let (builds, buffers) = (call_counter_builds(context), call_counter_buffers(context))
        let launches = call_counter_launches(context)
        #expect(builds > 0 && buffers > 0)
        for seed in 2..<6 {
            for batch in [7, 1, 3] {
                let shape = model.configuration.imageShape(batch: batch)
                _ = try model.classify(
                    SyntheticImages.batch(shape, seed: UInt64(seed)),
                    policy: .thresholds(thresholds))
            }
        }
        #expect(call_counter_launches(context) > launches)
        #expect(call_counter_builds(context) == builds)
        #expect(call_counter_buffers(context) == buffers)
    }

    /// A stream creates no buffers after it has run with images waiting at all stages.
    @Test(arguments: KernelStyle.allCases)
    func warmStreamsCreateNoBuffers(style: KernelStyle) throws {
        let backend = try TestDevice.makeIsolatedBackend(style)
        let context = backend.context.handle
        call_counter_reset(context)
        let model = try DynamicVisionTransformer(
            TestCascades.cascade([4, 7, 10, 14]), weights: SyntheticWeights(seed: 1),
            backend: backend)
        let images = SyntheticImages.batch(model.configuration.imageShape(batch: 7), seed: 1)
        let thresholds = try thresholds(model, images)
        let stream = try CascadeStream(model, batch: 7, policy: .thresholds(thresholds))
        func run(_ seeds: Range<UInt64>, batch: Int) throws -> Int {
            try seeds.reduce(0) { finished, seed in
                let shape = model.configuration.imageShape(batch: batch)
                return try finished
                    + stream.submit(SyntheticImages.batch(shape, seed: seed)).count
            } + stream.flush().count
        }
        // Warm-up: the number of batches that wait at once depends on the exits.
        for batch in [7, 3, 5, 1] {
            #expect(try run(1..<16, batch: batch) == 15 * batch)
        }
        #expect(stream.stageRows.allSatisfy { $0 > 7 }, "\(stream.stageRows)")
        let (builds, buffers) = (call_counter_builds(context), call_counter_buffers(context))
        #expect(builds > 0 && buffers > 0)
        for batch in [7, 3, 5, 1] {
            #expect(try run(20..<30, batch: batch) == 10 * batch)
        }
        #expect(call_counter_builds(context) == builds)
        #expect(call_counter_buffers(context) == buffers)
    }

    /// The upsampled relation map of the last stage is never stored, not even for one block: with
    /// one block of many heads, every legitimate buffer is smaller.
    @Test(arguments: KernelStyle.allCases)
    func noBufferHoldsUpsampledRelations(style: KernelStyle) throws {
        let backend = try TestDevice.makeIsolatedBackend(style)
        let context = backend.context.handle
        call_counter_reset(context)
        let stages = [32, 23, 16].map {
            VisionTransformerConfiguration(
                patch: .covering(224, patch: $0), width: 192, depth: 1, heads: 12, classes: 10)
        }
        let model = try DynamicVisionTransformer(
            CascadeConfiguration(stages), weights: SyntheticWeights(seed: 1), backend: backend)
        let batch = 4
        let images = SyntheticImages.batch(model.configuration.imageShape(batch: batch), seed: 1)
        _ = try model.classify(images, policy: .allExits)
        let fineMap = batch * 12 * 197 * 197 * MemoryLayout<Float>.size
        let largest = call_counter_largest_buffer(context)
        #expect(largest > 0)
        #expect(largest < fineMap)
    }

    /// A batch that the device cannot hold is an error; the next, smaller one runs.
    @Test func smallBatchesRunAfterABatchThatIsTooLarge() throws {
        let backend = try TestDevice.makeIsolatedBackend(.vector)
        let model = try DynamicVisionTransformer(
            TestCascades.cascade([7, 14]), weights: SyntheticWeights(seed: 1), backend: backend)
        let images = SyntheticImages.batch(model.configuration.imageShape(batch: 2), seed: 1)
        let expected = try model.classify(images, policy: .allExits)
        backend.reserve(batch: 1 << 40)
        #expect(throws: OpenCLError.self) { try model.classify(images, policy: .allExits) }
        #expect(try model.classify(images, policy: .allExits) == expected)
    }

    /// Thresholds that the most confident image meets at each exit.
    private func thresholds(
        _ model: DynamicVisionTransformer<OpenCLBackend>, _ images: Tensor
    ) throws -> [Float] {
        let visits = try model.classify(images, policy: .allExits).predictions.map(\.visits)
        var staying = Array(visits.indices)
        return model.configuration.stages.indices.dropLast().map { exit in
            let threshold = staying.map { visits[$0][exit].probability }.max() ?? 0
            staying.removeAll { visits[$0][exit].probability >= threshold }
            return threshold
        }
    }
}

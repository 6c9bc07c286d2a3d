import DVTCore
import DVTReference
import DVTTestSupport
import Foundation
import OpenCLRuntime
import Testing

@testable import DVTOpenCL

@MainActor
@Suite(.enabled(if: TestDevice.isAvailable, Comment(rawValue: TestDevice.comment)))
struct OpenCLBackendTests {
    @Test func refusesHeadsWithoutAKernel() throws {
        let backend = try TestDevice.makeBackend(.vector)
        for width in [8, 24, 144] {
            let qkv = try backend.upload(Tensor([1, 2, 3 * width], repeating: 0))
            #expect(throws: OpenCLBackendError.headWidth(width)) {
                try backend.attention(
                    qkv, heads: 1, scale: 1, queries: .allTokens, reusing: nil, keeping: nil)
            }
        }
    }

    @Test func refusesShapesBeforeEnqueuing() throws {
        let backend = try TestDevice.makeIsolatedBackend(.vector)
        let x = try backend.upload(Tensor([2, 3], repeating: 1))
        let map = try backend.makeLinear(
            LinearParameters(weight: backend.upload(Tensor([4, 2], repeating: 1)), bias: nil))
        let launched = backend.context.statistics.kernelsLaunched
        #expect(throws: ShapeError.self) {
            try backend.linear(x, map, activation: .identity, residual: nil)
        }
        #expect(backend.context.statistics.kernelsLaunched == launched)
    }

    /// A NaN must reach the host, where the model names the exit and the image.
    @Test(arguments: [0, 1, 63, 64, 99])
    func confidenceOfNaNIsNaN(position: Int) throws {
        let backend = try TestDevice.makeBackend(.vector)
        var logits = Tensor([1, 100], repeating: 0)
        logits.values[position] = .nan
        let uploaded = try backend.upload(logits)
        #expect(try backend.confidence(uploaded)[0].probability.isNaN)
        for criterion in ExitCriterion.allCases {
            let value = try backend.confidence(uploaded, criterion: criterion, temperature: 2)[0]
            #expect(value.probability.isNaN)
        }
    }

    /// Class and probability are bit-identical for every criterion and temperature.
    @Test(arguments: [1, 5, 65, 1000])
    func criterionAndTemperatureDoNotChangeTheProbability(classes: Int) throws {
        let backend = try TestDevice.makeBackend(.vector)
        let logits = try backend.upload(
            .uniform([3, classes], name: "logits", seed: 1, scale: 4))
        let plain = try backend.confidence(logits)
        for criterion in ExitCriterion.allCases {
            let values = try backend.confidence(logits, criterion: criterion, temperature: 0.5)
            #expect(values.map(\.classIndex) == plain.map(\.classIndex))
            #expect(values.map(\.probability) == plain.map(\.probability))
        }
    }

    /// Impossible classes do not contribute to the entropy.
    @Test func impossibleClassesDoNotContribute() throws {
        let backend = try TestDevice.makeBackend(.vector)
        let logits = try backend.upload(Tensor([1, 4], values: [0, -.infinity, 0, -.infinity]))
        let scores = try ExitCriterion.allCases.map {
            try backend.confidence(logits, criterion: $0, temperature: 2)[0].score
        }
        #expect(scores[0] == 0.5 && scores[1] == 0 && abs(scores[2] - 0.5) < 1e-6)
    }

    /// A relation of minus infinity masks its pairs of tokens and no others, as on the reference:
    /// unused taps of other tokens must not read it.
    @Test(arguments: KernelStyle.allCases)
    func infiniteRelationsAffectOnlyTheirTokens(style: KernelStyle) throws {
        var coarse = Tensor.uniform([1, 1, 50, 50], name: "coarse", seed: 1)
        for row in [0, 7] { coarse.values[row * 50 + 5] = -.infinity }
        let qkv = Tensor.uniform([1, 101, 3 * 32], name: "qkv", seed: 2)
        func run<B: Backend>(_ backend: B) throws -> Tensor {
            let relations = ReusedRelations(
                coarse: try backend.upload(coarse), channel: 0,
                resampling: GridResampling(from: 7, to: 10))
            return try backend.download(
                backend.attention(
                    backend.upload(qkv), heads: 1, scale: 0.2, queries: .allTokens,
                    reusing: relations, keeping: nil))
        }
        let expected = try run(ReferenceBackend())
        let isFinite = expected.values.allSatisfy { $0.isFinite }
        #expect(isFinite)
        // Two float32 sums of 101 numbers below 1 in different orders.
        try expectClose(run(TestDevice.makeBackend(style)), expected, absolute: 1e-6)
    }

    @Test func ofEqualLogitsTheFirstClassWins() throws {
        let backend = try TestDevice.makeBackend(.vector)
        var logits = Tensor([1, 200], repeating: 0)
        for position in [70, 130, 190] { logits.values[position] = 5 }
        #expect(try backend.confidence(backend.upload(logits))[0].classIndex == 70)
    }

    @Test func reusesMemoryOfTheSameSize() throws {
        let backend = try TestDevice.makeIsolatedBackend(.vector)
        backend.reserve(batch: 4)
        func upload(_ batch: Int) throws {
            _ = try backend.uploadBatch(Tensor([batch, 9], repeating: 1))
        }
        try upload(4)
        let created = backend.context.statistics.buffersCreated
        for batch in [1, 3, 4, 2] { try upload(batch) }
        #expect(backend.context.statistics.buffersCreated == created)
    }

    @Test func twoTensorsNeverShareMemory() throws {
        let backend = try TestDevice.makeBackend(.vector)
        let first = try backend.upload(Tensor([2, 3], values: [1, 2, 3, 4, 5, 6]))
        let second = try backend.upload(Tensor([2, 3], repeating: 7))
        #expect(try backend.download(first).values == [1, 2, 3, 4, 5, 6])
        #expect(try backend.download(second).values == [7, 7, 7, 7, 7, 7])
    }

    /// A batch grows in its own memory, but never over the growth of another batch.
    @Test func gatheredBatchesGrowInPlace() throws {
        let backend = try TestDevice.makeBackend(.vector)
        backend.reserve(batch: 4)
        let x = try backend.uploadBatch(Tensor([3, 2], values: [1, 2, 3, 4, 5, 6]))
        let pair = try backend.gather(x, rows: [2, 0], after: nil)
        let grown = try backend.gather(x, rows: [1], after: pair)
        #expect(grown.buffer === pair.buffer)
        let other = try backend.gather(x, rows: [0, 0], after: pair)
        #expect(other.buffer !== pair.buffer)
        let full = try backend.gather(grown, rows: [1], after: grown)
        #expect(full.buffer === pair.buffer)
        let larger = try backend.gather(x, rows: [2], after: full)
        #expect(larger.buffer !== pair.buffer)
        #expect(try backend.download(pair).values == [5, 6, 1, 2])
        #expect(try backend.download(other).values == [5, 6, 1, 2, 1, 2, 1, 2])
        #expect(try backend.download(full).values == [5, 6, 1, 2, 3, 4, 1, 2])
        #expect(try backend.download(larger).values == [5, 6, 1, 2, 3, 4, 1, 2, 5, 6])
    }

    /// A stored choice takes precedence over a measurement.
    @Test(arguments: KernelStyle.allCases)
    func usesTheStoredStyle(style: KernelStyle) throws {
        let folder = NSTemporaryDirectory() + "dvt-style-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let context = try Context(
            device: DeviceSelector(nil).device(), diskCache: .folder(folder))
        let cache = DeviceCache(context.diskCache)
        #expect(cache.store(style.rawValue, for: KernelStyle.cacheKey, device: context.device))
        #expect(try OpenCLBackend(context: context).kernelStyle == style)
    }

    @Test func measuresAndStoresTheStyle() throws {
        let folder = NSTemporaryDirectory() + "dvt-style-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let context = try Context(
            device: DeviceSelector(nil).device(), diskCache: .folder(folder))
        let backend = try OpenCLBackend(context: context)
        #expect(backend.kernelStyleProblem == nil)
        let remembered = DeviceCache(context.diskCache).value(
            for: KernelStyle.cacheKey, device: context.device)
        #expect(remembered == backend.kernelStyle.rawValue)
    }

    /// Kernels index elements with 32 bits; larger products are rejected.
    @Test func refusesProductsBeyond32BitIndices() throws {
        let backend = try TestDevice.makeBackend(.vector)
        let buffer = try backend.upload(Tensor([1], repeating: 0)).buffer
        let product = MatrixProduct(
            rows: 1, columns: 1, depth: 1, left: Matrix(buffer, offset: Int(Int32.max)),
            right: Matrix(buffer), output: Matrix(buffer))
        #expect(throws: OpenCLBackendError.tooManyElements(Int(Int32.max) + 1)) {
            try backend.clblast.multiply(product)
        }
    }

    @Test func parametersTakeExactlyTheirSize() throws {
        let backend = try TestDevice.makeIsolatedBackend(.vector)
        backend.reserve(batch: 512)
        let before = backend.context.statistics.liveBufferBytes
        let weight = try backend.upload(Tensor([1, 5, 64], repeating: 1))
        #expect(backend.context.statistics.liveBufferBytes - before == weight.shape.byteCount)
    }

    @Test func releasedMemoryIsFreed() throws {
        let backend = try TestDevice.makeIsolatedBackend(.vector)
        backend.reserve(batch: 8)
        _ = try backend.uploadBatch(Tensor([8, 100], repeating: 1))
        #expect(backend.context.statistics.liveBufferBytes > 0)
        backend.releaseMemory()
        #expect(backend.context.statistics.liveBufferBytes == 0)
    }
}

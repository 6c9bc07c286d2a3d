import DVTCore
import DVTOpenCL
import DVTTestSupport
import OpenCL
import Testing

@Suite(.enabled(if: TestDevice.isAvailable, Comment(rawValue: TestDevice.comment)))
struct OpenCLBackendTests {
    @Test func refusesHeadsWithoutAKernel() throws {
        let backend = try TestDevice.makeBackend(.vector)
        for width in [8, 24, 144] {
            let qkv = try backend.upload(Tensor([1, 2, 3 * width], repeating: 0))
            #expect(throws: OpenCLBackendError.headWidth(width)) {
                try backend.attention(qkv, heads: 1, scale: 1, reusing: nil, keeping: nil)
            }
        }
    }

    @Test func refusesShapesBeforeItEnqueues() throws {
        let backend = try TestDevice.makeBackend(.vector)
        let launched = backend.context.statistics.kernelsLaunched
        let x = try backend.upload(Tensor([2, 3], repeating: 1))
        let map = LinearParameters(
            weight: try backend.upload(Tensor([4, 2], repeating: 1)), bias: nil)
        #expect(throws: ShapeError.self) {
            try backend.linear(x, map, activation: .identity, residual: nil)
        }
        #expect(backend.context.statistics.kernelsLaunched == launched)
    }

    /// A NaN must reach the host: the model then names the exit and the image.
    @Test(arguments: [0, 1, 63, 64, 99])
    func confidenceOfNaNIsNaN(position: Int) throws {
        let backend = try TestDevice.makeBackend(.vector)
        var logits = Tensor([1, 100], repeating: 0)
        logits.values[position] = .nan
        let pair = try backend.confidence(backend.upload(logits))[0]
        #expect(pair.confidence.isNaN)
    }

    @Test func ofEqualLogitsTheFirstClassWins() throws {
        let backend = try TestDevice.makeBackend(.vector)
        var logits = Tensor([1, 200], repeating: 0)
        for position in [70, 130, 190] { logits.values[position] = 5 }
        #expect(try backend.confidence(backend.upload(logits))[0].classIndex == 70)
    }

    @Test func reusesMemoryOfTheSameSize() throws {
        let backend = try TestDevice.makeBackend(.vector)
        backend.reserve(batch: 4)
        func upload(_ batch: Int) throws {
            _ = try backend.upload(Tensor([batch, 9], repeating: 1))
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

    @Test func choosesAStyleAndRemembersIt() throws {
        let context = try Context(device: DeviceSelector(nil).device())
        let first = try OpenCLBackend(context: context).kernelStyle
        #expect(try OpenCLBackend(context: context).kernelStyle == first)
    }
}

import DVTCore
import DVTModel
import DVTOperations
import DVTSupport
import DVTTestSupport
import OpenCLRuntime
import Testing

@testable import DVTOpenCL

/// Tensors of 16 bits: every operation of the network, and what must stay float32.
@MainActor
@Suite(.enabled(if: TestDevice.isAvailable, Comment(rawValue: TestDevice.comment)))
struct PrecisionTests {
    /// A way to run the network in 16 bits.
    struct Variant: Sendable, CustomTestStringConvertible {
        let precision: Precision
        let style: KernelStyle
        var engine: LinearEngine?
        /// Whether the kernels for AVX512-BF16 or for matrix instructions run, emulated.
        var isEmulated = false

        var testDescription: String {
            "\(precision) \(style)\(engine.map { " \($0)" } ?? "")\(isEmulated ? " emulated" : "")"
        }

        @MainActor func makeBackend() throws -> OpenCLBackend {
            let emulated =
                style == .tile
                ? Arithmetic(instructions: .emulated) : Arithmetic(bfloat16Dot: .emulated)
            return try TestDevice.makeBackend(
                style, engine: engine, precision,
                arithmetic: isEmulated ? emulated : Arithmetic())
        }
    }

    nonisolated private static let variants: [Variant] =
        [Precision.float16, .bfloat16].flatMap { precision in
            KernelStyle.allCases.map { Variant(precision: precision, style: $0) }
        } + [
            Variant(precision: .bfloat16, style: .vector, isEmulated: true),
            Variant(precision: .bfloat16, style: .tile, isEmulated: true),
        ]

    private func expectEqual(_ operations: [any Operation], _ variant: Variant) throws {
        let backend = try variant.makeBackend()
        for operation in operations {
            try DVTOpenCLTests.expectEqual(operation, on: backend)
        }
    }

    @Test(arguments: variants) func operationsMatchTheReference(variant: Variant) throws {
        try expectEqual(OperationCatalog.small.filter { $0 is any NetworkOperation }, variant)
    }

    /// Gradients, the loss and the optimizer, in the precision of training.
    @Test(arguments: KernelStyle.allCases)
    func trainingMatchesTheReference(style: KernelStyle) throws {
        try expectEqual(
            OperationCatalog.small.filter { !($0 is any NetworkOperation) },
            Variant(precision: .bfloat16, style: style))
    }

    /// The products of the backward pass on matrix instructions: beyond one tile of rows, columns
    /// and depth, with a depth in several chunks, and an odd number of tokens.
    @Test func gradientsOnFragmentsMatchTheReference() throws {
        try expectEqual(
            OperationCatalog.gradients(of: [
                LinearOperation(rows: 700, inputs: 72, outputs: 136),
                AttentionOperation(
                    batch: 2, grid: 8, heads: 2, headWidth: 48, reusing: 5, keepsLogits: true),
            ]), Variant(precision: .bfloat16, style: .tile, isEmulated: true))
    }

    /// The kernels that multiply pairs, beyond one chunk of keys and one tile of a product.
    @Test func pairsMatchTheReferenceAtLargerSizes() throws {
        try expectEqual(
            [
                LinearOperation(rows: 101, inputs: 147, outputs: 192),
                AttentionOperation(
                    batch: 1, grid: 14, heads: 2, headWidth: 64, reusing: 10, keepsLogits: true),
                AttentionOperation(batch: 1, grid: 17, heads: 1, headWidth: 128),
                RelationReuseOperation(batch: 1, channels: 72, tokens: 9),
                RelationReuseOperation(batch: 1, channels: 3, tokens: 7),
            ], Variant(precision: .bfloat16, style: .vector, isEmulated: true))
    }

    /// The kernels for matrix instructions, beyond one work-group of queries, several tiles of keys
    /// and several fragments of coarse tokens and channels; the last two are too large for them.
    @Test func fragmentsMatchTheReferenceAtLargerSizes() throws {
        try expectEqual(
            [
                AttentionOperation(
                    batch: 1, grid: 11, heads: 2, headWidth: 64, reusing: 8, keepsLogits: true),
                AttentionOperation(batch: 1, grid: 11, heads: 1, headWidth: 128),
                RelationReuseOperation(batch: 1, channels: 72, tokens: 9),
                RelationReuseOperation(batch: 1, channels: 100, tokens: 7),
                AttentionOperation(batch: 1, grid: 13, heads: 1, headWidth: 16, reusing: 12),
                RelationReuseOperation(batch: 1, channels: 170, tokens: 3),
            ], Variant(precision: .float16, style: .tile, isEmulated: true))
    }

    /// Products are exact and summed in float32, whatever the precision of the factors.
    @Test(arguments: variants) func sumsAreFloat32(variant: Variant) throws {
        #expect(try variant.makeBackend().linearError() < 1e-6)
    }

    /// Kernels round as the host does: every pattern, every midpoint and its neighbors.
    @Test(arguments: [(Precision.float16, HalfFormat.float16), (.bfloat16, .bfloat16)])
    func kernelsRoundToNearestEven(precision: Precision, format: HalfFormat) throws {
        let backend = try TestDevice.makeBackend(.vector, precision)
        let patterns = (UInt16.min ... .max).filter { format.decode($0).isFinite }
        let exact = patterns.map(format.decode)
        // x + position is computed in float32; 65,536 numbers and a tie, or next to one.
        for share: Float in [0, 0.5, 0.499_99, 0.500_01] {
            let spacing: Float = share * (precision == .float16 ? 0x1p13 : 0x1p16)
            let steps = exact.map { $0.magnitude.ulp * spacing }
            try expectSumsRounded(exact, steps, on: backend, format)
        }
    }

    /// `embedTokens` adds two numbers and stores the sum.
    private func expectSumsRounded(
        _ values: [Float], _ steps: [Float], on backend: OpenCLBackend, _ format: HalfFormat
    ) throws {
        func stored(_ number: Float) -> Float { format.decode(format.encode(number)) }
        let width = values.count
        let zeros = try backend.upload(Tensor([1, 1, width], repeating: 0))
        let sums = try backend.embedTokens(
            backend.upload(Tensor([1, 1, width], values: values)), prefix: zeros,
            positions: backend.upload(
                Tensor([1, 2, width], values: [Float](repeating: 0, count: width) + steps)))
        let actual = try backend.download(sums).values.suffix(width)
        let wrong = zip(zip(values, steps), actual).filter { input, sum in
            let expected = stored(input.0 + stored(input.1))
            return expected.bitPattern != sum.bitPattern && !(expected == 0 && sum == 0)
        }
        #expect(wrong.isEmpty, "\(wrong.count), first: \(String(describing: wrong.first))")
    }

    @Test(arguments: [(Precision.float16, HalfFormat.float16), (.bfloat16, .bfloat16)])
    func uploadsRoundAndKeepVectors(precision: Precision, format: HalfFormat) throws {
        let backend = try TestDevice.makeBackend(.vector, precision)
        let values: [Float] = [1 / 3, -.infinity, 1e-7, 70_000, .nan, -0.0]
        let matrix = try backend.download(backend.upload(Tensor([2, 3], values: values)))
        #expect(
            matrix.values.map(\.bitPattern)
                == values.map { format.decode(format.encode($0)).bitPattern })
        let vector = try backend.download(backend.upload(Tensor([6], values: values)))
        #expect(vector.values.map(\.bitPattern) == values.map(\.bitPattern))
    }

    @Test func logitsStayFloat32() throws {
        let backend = try TestDevice.makeBackend(.vector, .bfloat16)
        let layer = try backend.makeLinear(
            LinearParameters(
                weight: backend.upload(Tensor([1, 2], values: [1, 1])),
                bias: backend.upload(Tensor([1], values: [0.001]))))
        let x = try backend.upload(Tensor([1, 2], values: [1, 1]))
        let logits = try backend.logits(x, layer)
        #expect(logits.precision == .float32)
        #expect(try backend.download(logits).values == [2.001])
        #expect(
            try backend.download(
                backend.linear(x, layer, activation: .identity, residual: nil)
            ).values == [2])
    }

    /// float16 overflows to infinity, which a confidence that is not a number reports; nothing is
    /// clamped silently.
    @Test func overflowIsInfinite() throws {
        for (precision, expected) in [(Precision.float16, Float.infinity), (.bfloat16, 90_112)] {
            let backend = try TestDevice.makeBackend(.vector, precision)
            let layer = try backend.makeLinear(
                LinearParameters(weight: backend.upload(Tensor([2, 1], repeating: 300)), bias: nil))
            let y = try backend.linear(
                backend.upload(Tensor([1, 1], repeating: 300)), layer, activation: .identity,
                residual: nil)
            #expect(try backend.download(y).values == [expected, expected])
        }
        let backend = try TestDevice.makeBackend(.vector, .float16)
        let logits = try backend.upload(Tensor([1, 2], values: [.infinity, 0]))
        #expect(try backend.confidence(logits)[0].probability.isNaN)
    }

    /// A run of a model keeps only small tensors in float32.
    @Test(arguments: variants) func noLargeTensorIsFloat32(variant: Variant) throws {
        let backend = try variant.makeBackend()
        let configuration = try CascadeConfiguration.named("tiny-deit")
        let model = try DynamicVisionTransformer(
            configuration, weights: SyntheticWeights(seed: 1), backend: backend)
        _ = try model.logits(
            Tensor.uniform(configuration.imageShape(batch: 2), name: "images", seed: 1))
        let large = try #require(backend.largestTensors[variant.precision])
        let small = try #require(backend.largestTensors[.float32])
        // The vectors of the model and its logits, far below activations and relations.
        #expect(small * 64 < large, "\(small) and \(large) bytes")
    }

    /// Kernels do not misread tensors of another precision.
    @Test func mixedTensorsAreRefused() throws {
        let backend = try TestDevice.makeBackend(.vector, .float16)
        let x = try backend.upload(Tensor([2, 2], repeating: 1))
        let y = try backend.uploadFloat32(Tensor([2, 2], repeating: 1))
        #expect(throws: OpenCLBackendError.precision(kernel: "sum_arrays")) {
            _ = try backend.sum(x, y)
        }
    }

    @Test func enginesCheckThePrecision() throws {
        #expect(throws: OpenCLBackendError.enginePrecision(engine: "clblast", precision: "float16"))
        { _ = try TestDevice.makeBackend(.vector, engine: .clblast, .float16) }
        let backend = try TestDevice.makeBackend(.vector, .bfloat16)
        backend.chosenLinearEngine = .clblast
        #expect(throws: OpenCLBackendError.self) { _ = try backend.linearError() }
    }
}

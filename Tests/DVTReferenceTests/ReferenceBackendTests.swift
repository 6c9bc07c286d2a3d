import DVTCore
import DVTReference
import DVTTestSupport
import Foundation
import Testing

/// Compares every operation with values computed by hand.
@Suite struct ReferenceBackendTests {
    private let backend = ReferenceBackend()

    private func tensor(_ shape: Shape, _ values: [Float]) -> ReferenceTensor {
        backend.upload(Tensor(shape, values: values))
    }

    private func linear(
        _ weight: Shape, _ values: [Float], bias: [Float]? = nil
    ) -> LinearParameters<ReferenceTensor> {
        LinearParameters(
            weight: tensor(weight, values), bias: bias.map { tensor([$0.count], $0) })
    }

    private func values(_ tensor: ReferenceTensor) -> [Float] { backend.download(tensor).values }

    /// `interpolate(mode="bicubic", antialias=True)` of PyTorch in float64, of sin(0.1 i^2).
    @Test func resizedImagesEqualPyTorch() throws {
        let image = Tensor(
            [1, 1, 5, 5], values: (0..<25).map { Float(sin(0.1 * Double($0 * $0))) })
        let expected: [[Double]] = [
            [
                0.0817304, -0.0797936, 0.8333721, -0.2935748, -0.0392363, 0.0374518, 0.2231356,
                -0.2376795, 0.3006324,
            ],
            [
                -0.0561538, 0.0111731, 0.1561032, 0.373817, 0.6016242, 0.8146135, 0.9517132,
                1.0139711,
            ],
        ]
        for (side, values) in zip([3, 8], expected) {
            let resized = try backend.download(
                backend.resizedImages(backend.upload(image), to: side))
            #expect(resized.shape == [1, 1, side, side])
            for (value, wanted) in zip(resized.values, values) {
                // Taps and pixels are float32.
                #expect(abs(Double(value) - wanted) < 2e-7)
            }
        }
    }

    @Test func linearMultipliesByTheTransposedWeight() throws {
        let x = tensor([2, 3], [1, 2, 3, 4, 5, 6])
        let map = linear([2, 3], [1, 0, -1, 2, 1, 0], bias: [10, 20])
        let y = try backend.linear(
            x, map, activation: .identity, residual: tensor([2, 2], [1, 1, 1, 1]))
        #expect(values(y) == [9, 25, 9, 34])
    }

    /// GELU(1) = 0.5 (1 + erf(1 / sqrt 2)) = 0.8413447, GELU(-1) = -0.1586553; the tanh form
    /// would give 0.8411920.
    @Test func geluIsExact() throws {
        let x = tensor([3, 1], [1, -1, 0])
        let y = try backend.linear(x, linear([1, 1], [1]), activation: .gelu, residual: nil)
        expectClose(
            backend.download(y), Tensor([3, 1], values: [0.8413447, -0.1586553, 0]),
            absolute: 1e-7)
    }

    /// 0.5 (1 + tanh(sqrt(2 / pi) 1.044715)) = 0.8411920.
    @Test func geluByTanhIsItsFormula() throws {
        let x = tensor([3, 1], [1, -1, 0])
        let y = try backend.linear(x, linear([1, 1], [1]), activation: .geluTanh, residual: nil)
        expectClose(
            backend.download(y), Tensor([3, 1], values: [0.8411920, -0.1588080, 0]),
            absolute: 1e-7)
    }

    /// Rows 1, 3 and 2, 2 with features 5 and 2: means 3 and 2, variances 8/3 and 0.
    @Test func layerNormSpansAppendedFeatures() throws {
        let norm = LayerNormParameters(
            weight: tensor([3], [1, 2, 1]), bias: tensor([3], [0, 1, 0]), epsilon: 1e-6)
        let y = try backend.layerNorm(
            tensor([2, 2], [1, 3, 2, 2]), appending: tensor([2, 1], [5, 2]), norm)
        let unit: Float = 2 / (8.0 / 3 as Float).squareRoot()
        expectClose(
            backend.download(y), Tensor([2, 3], values: [-unit, 1, unit, 0, 1, 0]), absolute: 1e-6)
    }

    @Test func patchEmbedPadsWithZeros() throws {
        let image = tensor([1, 1, 2, 2], [1, 2, 3, 4])
        let projection = linear([1, 1, 2, 2], [1, 10, 100, 1000], bias: [0.5])
        let geometry = PatchGeometry(kernel: 2, padding: 1)
        let tokens = try backend.patchEmbed(image, projection, geometry: geometry)
        #expect(tokens.shape == [1, 4, 1])
        #expect(values(tokens) == [1000.5, 200.5, 30.5, 4.5])
    }

    /// The same 2 x 2 cells of two channels, pixel by pixel and channel by channel, under one
    /// patch; and one cell at the center of a padded patch.
    @Test func softSplitReadsTokensAndImagesAlike() throws {
        let geometry = PatchGeometry(kernel: 2, stride: 1, padding: 0)
        let tokens = tensor([1, 4, 2], [1, 5, 2, 6, 3, 7, 4, 8])
        let image = tensor([1, 2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8])
        for x in [tokens, image] {
            let split = try backend.softSplit(x, geometry: geometry)
            #expect(split.shape == [1, 1, 8])
            #expect(values(split) == [1, 2, 3, 4, 5, 6, 7, 8])
        }
        let padded = try backend.softSplit(
            tensor([1, 1, 1, 1], [9]), geometry: PatchGeometry(kernel: 3, stride: 2, padding: 1))
        #expect(values(padded) == [0, 0, 0, 0, 9, 0, 0, 0, 0])
    }

    @Test func columnsAreSelectedFromEveryRow() throws {
        let x = tensor([1, 2, 3], [1, 2, 3, 4, 5, 6])
        #expect(values(try backend.columns(x, 1..<3)) == [2, 3, 5, 6])
        #expect(throws: ShapeError.self) { try backend.columns(x, 2..<4) }
    }

    /// Two tokens of width 1, one feature w = 2: k = (0, 1), q = (1, 0), v = (10, 20).
    @Test func performerWeighsValuesByItsFeatures() throws {
        let kqv = tensor([1, 2, 3], [0, 1, 10, 1, 0, 20])
        let output = try backend.performerAttention(kqv, randomFeatures: linear([1, 1], [2]))
        // phi(0) = 1 and phi(1) = e^1.5; with one feature the query's cancels except for 1e-8.
        let weight: Float = 4.481689
        let mean = (10 + 20 * weight) / (1 + weight)
        expectClose(
            backend.download(output), Tensor([1, 2, 1], values: [mean, mean]), absolute: 1e-5)
    }

    @Test func embedTokensPutsTheClassTokenFirst() throws {
        let embedded = try backend.embedTokens(
            tensor([2, 1, 2], [1, 2, 3, 4]), prefix: tensor([1, 1, 2], [5, 6]),
            positions: tensor([1, 2, 2], [10, 20, 30, 40]))
        #expect(values(embedded) == [15, 26, 31, 42, 15, 26, 33, 44])
    }

    @Test func classTokensAndGatherCopyRows() throws {
        let x = tensor([2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8])
        #expect(values(try backend.classTokens(x)) == [1, 2, 5, 6])
        #expect(
            values(try backend.gather(x, rows: [1, 0, 1], after: nil))
                == [5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8])
        let first = tensor([1, 2, 2], [9, 8, 7, 6])
        #expect(
            values(try backend.gather(x, rows: [1], after: first)) == [9, 8, 7, 6, 5, 6, 7, 8])
    }

    /// Two tokens, one head of width 1: q = (1, 2), k = (1, -1), v = (10, 20), scale 2.
    @Test func attentionAddsAndKeepsRelations() throws {
        let qkv = tensor([1, 2, 3], [1, 1, 10, 2, -1, 20])
        let coarse = tensor([1, 2, 2, 2], [9, 9, 9, 9, 0, 4, 1, 3])
        let store = backend.makeRelations(batch: 1, channels: 2, tokens: 2)
        let output = try backend.attention(
            qkv, heads: 1, scale: 2, queries: .allTokens,
            reusing: ReusedRelations(
                coarse: coarse, channel: 1, resampling: GridResampling(from: 1, to: 1)),
            keeping: KeptRelations(store: store, channel: 1))
        // A = [[2 + 0, -2 + 4], [4 + 1, -4 + 3]]
        #expect(values(store) == [0, 0, 0, 0, 2, 2, 5, -1])
        let share = 1 / (1 + Float(0.002478752))  // 1 / (1 + e^-6)
        expectClose(
            backend.download(output),
            Tensor([1, 2, 1], values: [15, 10 * share + 20 * (1 - share)]), absolute: 1e-5)
    }

    /// The result equals the first row of attention for all tokens.
    @Test func classTokenQueriesGiveOneRow() throws {
        let qkv = tensor([1, 2, 3], [1, 1, 10, 2, -1, 20])
        let relations = ReusedRelations(
            coarse: tensor([1, 1, 2, 2], [0, 4, 1, 3]), channel: 0,
            resampling: GridResampling(from: 1, to: 1))
        let output = try backend.attention(
            qkv, heads: 1, scale: 2, queries: .classToken, reusing: relations, keeping: nil)
        expectClose(backend.download(output), Tensor([1, 1], values: [15]), absolute: 1e-5)
        let store = backend.makeRelations(batch: 1, channels: 1, tokens: 2)
        #expect(throws: ShapeError.self) {
            try backend.attention(
                qkv, heads: 1, scale: 2, queries: .classToken, reusing: nil,
                keeping: KeptRelations(store: store, channel: 0))
        }
    }

    /// One coarse cell upsampled to four: every pair of patches has the value of the coarse pair;
    /// the class row and column are resampled along the other axis only.
    @Test func attentionResamplesRelations() throws {
        let qkv = tensor([1, 5, 3], [Float](repeating: 0, count: 15))
        let store = backend.makeRelations(batch: 1, channels: 1, tokens: 5)
        _ = try backend.attention(
            qkv, heads: 1, scale: 1, queries: .allTokens,
            reusing: ReusedRelations(
                coarse: tensor([1, 1, 2, 2], [1, 2, 3, 4]), channel: 0,
                resampling: GridResampling(from: 1, to: 2)),
            keeping: KeptRelations(store: store, channel: 0))
        #expect(
            values(store) == [1, 2, 2, 2, 2] + Array(repeating: [3, 4, 4, 4, 4], count: 4).joined())
    }

    /// Two channels at one position: GELU(expand) then contract, biases by channel.
    @Test func relationReuseMixesChannels() throws {
        let relations = tensor([1, 2, 1, 1], [100, 200])
        let parameters = RelationReuseParameters(
            expand: linear(
                [6, 2, 1, 1], [1, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0], bias: [0, 0, 0, 7, 0, 0]),
            contract: linear(
                [2, 6, 1, 1], [1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0], bias: [0.5, 0.25]))
        let mixed = try backend.relationReuse(relations, parameters, activation: .gelu)
        #expect(values(mixed) == [100.5, 307.25])
    }

    @Test func featureReuseResamplesAndZeroesTheClassRow() throws {
        let norm = LayerNormParameters(
            weight: tensor([2], [1, 1]), bias: tensor([2], [0, 0]), epsilon: 0)
        let block = FeatureReuseParameters(
            norm: norm, fc1: linear([1, 2], [30, 0]), fc2: linear([1, 1], [1], bias: [1]))
        let features = tensor([1, 2, 2], [1, -1, 5, 3])
        let reused = try backend.featureReuse(
            features, [block], activation: .gelu, resampling: GridResampling(from: 1, to: 2))
        // LayerNorm gives (1, -1) for both rows; GELU(30) is 30 in float32.
        #expect(reused.map(values) == [[0, 31, 31, 31, 31]])
    }

    @Test func featureReuseWithoutNormReadsTheFeatures() throws {
        let block = FeatureReuseParameters(
            norm: nil, fc1: linear([1, 2], [10, 1]), fc2: linear([1, 1], [1]))
        let features = tensor([1, 2, 2], [1, -1, 5, 3])
        let reused = try backend.featureReuse(
            features, [block], activation: .gelu, resampling: GridResampling(from: 1, to: 2))
        // GELU(53) is 53 in float32.
        #expect(reused.map(values) == [[0, 53, 53, 53, 53]])
    }

    @Test func confidenceIsTheSoftmaxOfTheFirstLargest() throws {
        let pairs = try backend.confidence(tensor([2, 3], [0, 1, 1, 1000, 0, -1000]))
        #expect(pairs[0].classIndex == 1)
        #expect(abs(pairs[0].probability - 0.4223188) < 1e-6)
        #expect(pairs[1] == ClassConfidence(classIndex: 0, probability: 1))
    }

    /// Probabilities of 1/21, 4/21 and 16/21, which become 1/7, 2/7 and 4/7 at temperature 2.
    @Test func scoresUseScaledLogits() throws {
        let logits = tensor([1, 3], [0, log(4), log(16)])
        func value(_ criterion: ExitCriterion, _ temperature: Float) throws -> ClassConfidence {
            try backend.confidence(logits, criterion: criterion, temperature: temperature)[0]
        }
        for criterion in ExitCriterion.allCases {
            let value = try value(criterion, 2)
            #expect(value.classIndex == 2 && abs(value.probability - 16.0 / 21) < 1e-6)
        }
        #expect(abs(try value(.confidence, 2).score - 4.0 / 7) < 1e-6)
        #expect(abs(try value(.margin, 1).score - 12.0 / 21) < 1e-6)
        #expect(abs(try value(.margin, 2).score - 2.0 / 7) < 1e-6)
        // -(1/7 ln 1/7 + 2/7 ln 2/7 + 4/7 ln 4/7) = 0.9556999 of ln 3.
        #expect(abs(try value(.entropy, 2).score - 0.1300845) < 1e-6)
        let one = try backend.confidence(tensor([1, 1], [3]), criterion: .entropy, temperature: 1)
        #expect(one[0].score == 1)
    }
}

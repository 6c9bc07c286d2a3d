import Testing

@testable import DVTOpenCL

/// The order in which tuning tries engines.
struct EngineRankingTests {
    private static let h100 = EngineRanking(
        processor: MatrixProcessor(
            units: 132, name: "NVIDIA H100", .ptx, computeCapability: (9, 0)), vectorWidth: 4)

    private func work(_ rows: Int, _ inputs: Int, _ outputs: Int, bytes: Int = 4) -> MatrixWork {
        MatrixWork(rows: rows, inputs: inputs, outputs: outputs, groups: 1, elementBytes: bytes)
    }

    private func names(
        _ ranking: EngineRanking, _ style: KernelStyle, _ precision: Precision,
        _ family: MatrixInstructions.Family = .emulated, for work: MatrixWork
    ) -> [String] {
        let kinds = LinearEngine.candidates(
            for: style, precision, MatrixInstructions(family: family))
        return ranking.best(kinds, for: work, count: 6).map(\.description)
    }

    private func cpu(width: Int) -> EngineRanking {
        EngineRanking(
            processor: MatrixProcessor(units: 2, name: "cpu", nil, computeCapability: nil),
            vectorWidth: width)
    }

    /// The kinds are taken in turn; 16-bit products of matrix instructions have no rivals.
    @Test func everyKindIsTried() {
        let large = work(25_216, 384, 1536)
        let all = names(Self.h100, .tile, .float32, .ptx, for: large)
        #expect(
            all.map { $0.prefix { $0 != "-" } }
                == ["mma", "float", "clblast", "tile", "mma", "float"])
        let half = names(Self.h100, .tile, .float16, .ptx, for: large)
        #expect(half.count == 6 && half.allSatisfy { $0.hasPrefix("mma-") })
        let widened = names(Self.h100, .tile, .bfloat16, for: large)
        #expect(widened.contains { $0.hasPrefix("float-") } && !widened.contains("clblast"))
        let vector = names(cpu(width: 16), .vector, .float32, for: large)
        #expect(vector.count == 6 && vector[1] == "clblast")
    }

    /// Many rows take large tiles; few rows take small ones, which occupy more compute units.
    @Test func tilesFollowTheRows() {
        let large = names(Self.h100, .tile, .float32, for: work(25_216, 384, 1536))
        #expect(large.first == "float-128x128x8")
        let small = names(Self.h100, .tile, .float32, for: work(50, 1536, 384))
        #expect(small.first == "float-32x32x16" && small.contains("tile-32x32x16"))
    }

    /// Tiles that fill the registers come first; those with a few sums wait for each of them.
    @Test func packedTilesFollowTheRegisters() {
        let wide = names(cpu(width: 16), .vector, .float32, for: work(1576, 384, 1152))
        #expect(wide.contains("packed-12x32") && !wide.contains("packed-4x16"))
        let narrow = names(cpu(width: 8), .vector, .float32, for: work(1576, 384, 1152))
        #expect(narrow.first == "packed-6x16" && !narrow.contains("packed-12x32"))
    }

    /// The model of a device without known vectors does not divide by 0.
    @Test func anUnknownWidthIsRanked() {
        #expect(names(cpu(width: 0), .vector, .bfloat16, for: work(1, 1, 1)).count == 6)
    }
}

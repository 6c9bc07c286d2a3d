import Testing

@testable import DVTOpenCL

/// The tiles of matrix instructions and the prediction of their time.
struct MatrixTileTests {
    private static let h100 = MatrixProcessor(
        units: 132, name: "NVIDIA H100 80GB HBM3", .ptx, computeCapability: (9, 0))

    /// OpenCL grants 48 KiB of local memory on NVIDIA's GPUs.
    @Test func tilesFitIntoLocalMemory() {
        for tile in MatrixTile.all {
            #expect(tile.localBytes <= 49_152, "\(tile)")
        }
    }

    /// Every family has small and large tiles.
    @Test(arguments: MatrixInstructions.Family.allCases)
    func familiesHaveTiles(family: MatrixInstructions.Family) {
        let tiles = MatrixTile.all.filter { $0.runs(on: MatrixInstructions(family: family)) }
        #expect(tiles.contains { $0.rows >= 64 } && tiles.contains { $0.rows <= 32 })
    }

    private func fastest(
        rows: Int, inputs: Int, outputs: Int, bytes: Int = 2, on processor: MatrixProcessor = h100
    ) -> MatrixTile {
        MatrixTile.fastest(
            for: MatrixWork(
                rows: rows, inputs: inputs, outputs: outputs, groups: 1, elementBytes: bytes),
            MatrixInstructions(family: .ptx), on: processor)
    }

    /// Many rows take large tiles; one image takes small ones whose subgroups share the depth.
    @Test func thePredictedTileFollowsTheRows() {
        #expect(fastest(rows: 25_216, inputs: 384, outputs: 1536).rows == 128)
        #expect(fastest(rows: 25_216, inputs: 1536, outputs: 384).rows == 128)
        #expect(fastest(rows: 50, inputs: 1536, outputs: 384).subgroupsDeep > 1)
        #expect(fastest(rows: 197, inputs: 384, outputs: 1152).rows <= 64)
    }

    /// The large layers of a batch of 128 are predicted at more than half of the tensor cores' 620
    /// TFLOP/s, at 1.755 GHz; a measurement far from this would disprove the model.
    @Test func thePredictionIsPlausible() {
        let work = MatrixWork(
            rows: 25_216, inputs: 1536, outputs: 384, groups: 1, elementBytes: 2)
        let tile = MatrixTile.fastest(
            for: work, MatrixInstructions(family: .ptx), on: Self.h100)
        let seconds = Self.h100.cycles(of: work, by: tile) / 1.755e9
        let teraflops = 2 * 25_216.0 * 1536 * 384 / seconds / 1e12
        #expect(teraflops > 310 && teraflops < 620, "\(teraflops) by \(tile)")
    }

    @Test(arguments: [
        ("NVIDIA A100", 8, 0, 16.0), ("NVIDIA GeForce RTX 4090", 8, 9, 64), ("NVIDIA L4", 8, 9, 32),
        ("NVIDIA H100", 9, 0, 12.2), ("NVIDIA GeForce RTX 5090", 12, 0, 64),
    ])
    func familiesDiffer(name: String, major: Int, minor: Int, cycles: Double) {
        let processor = MatrixProcessor(
            units: 100, name: name, .ptx, computeCapability: (major, minor))
        #expect(processor.productCycles == cycles)
    }
}

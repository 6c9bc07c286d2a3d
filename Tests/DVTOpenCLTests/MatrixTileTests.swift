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

    /// Registers hold the sums and copies of every tile that XMX uses, whose lanes store whole rows.
    @Test(arguments: [MatrixInstructions.emulatedXMX16, .emulatedXMX8])
    func tilesFitIntoXMX(instructions: MatrixInstructions) {
        for tile in MatrixTile.all where tile.runs(on: instructions) {
            let sums = 1024 * tile.fragmentsDown * tile.fragmentsAcross
            #expect(sums <= (instructions.family == .xmx16 ? 4096 : 2048), "\(tile)")
            let copied = (tile.rows + tile.columns) * tile.stageDepthBytes
            #expect(copied <= 12 * 16 * tile.items(lanes: instructions.lanes), "\(tile)")
            #expect(4 * tile.fragmentsAcross <= instructions.lanes, "\(tile)")
        }
        #expect(!MatrixTile.standard.runs(on: instructions))
        // 64 work-items cannot sum the moments of 128 rows.
        #expect(!MatrixTile.standard.normalizes(on: instructions))
    }

    /// Intel reports vector engines as compute units; 8 or 16 share an Xe core's local memory.
    @Test func unitsOfIntelAreXeCores() {
        let max = MatrixProcessor(
            units: 1024, name: "Intel(R) Data Center GPU Max 1550", .xmx16, computeCapability: nil)
        let arc = MatrixProcessor(
            units: 512, name: "Intel(R) Arc(TM) A770 Graphics", .xmx8, computeCapability: nil)
        #expect(max.units == 128 && arc.units == 32)
        let work = MatrixWork(
            rows: 25_216, inputs: 384, outputs: 1536, groups: 1, elementBytes: 2)
        for (processor, family) in [(max, MatrixInstructions.Family.xmx16), (arc, .xmx8)] {
            let instructions = MatrixInstructions(family: family)
            let tile = MatrixTile.fastest(for: work, instructions, on: processor)
            #expect(tile.runs(on: instructions) && tile.rows == 64, "\(tile)")
        }
    }

    /// A measured rate takes the place of the family's: the peak of an H100 gives its cycles.
    @Test func aMeasuredRateGivesTheCyclesOfAProduct() {
        var processor = Self.h100
        processor.setRate(gigaflops: 625_000, clockMegahertz: 1755)
        #expect(abs(processor.productCycles - 12.1) < 0.1)
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

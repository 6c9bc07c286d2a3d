import DVTCore
import DVTOperations
import DVTTestSupport
import OpenCLRuntime
import Testing

@testable import DVTOpenCL

/// The tiles of `linear_float.cl`.
@MainActor
@Suite(.enabled(if: TestDevice.isAvailable, Comment(rawValue: TestDevice.comment)))
struct FloatTileTests {
    /// A tile in a precision.
    struct TileCase: Sendable, CustomTestStringConvertible {
        let tile: FloatTile
        var precision = Precision.float32

        var testDescription: String { "\(tile) \(precision)" }
    }

    nonisolated private static let tileCases =
        FloatTile.all.map { TileCase(tile: $0) } + [
            TileCase(tile: .standard, precision: .float16),
            TileCase(tile: FloatTile.all[4], precision: .bfloat16),
            TileCase(tile: FloatTile.all[5], precision: .float16),
        ]

    /// Two work-groups along rows and columns, many steps, whole quads at every edge.
    @Test(arguments: tileCases) func tilesMatchTheReference(_ tested: TileCase) throws {
        let tile = tested.tile
        try expectEqual(
            LinearOperation(
                rows: tile.rows + 1, inputs: 264, outputs: tile.columns + 4, activation: .gelu,
                hasResidual: true), on: backend(tested))
    }

    /// No row of the input begins at a quad, and no row of the output consists of whole quads.
    @Test(arguments: [0, 5, 6, 8]) func unalignedRowsMatchTheReference(index: Int) throws {
        let tested = Self.tileCases[index]
        try expectEqual(
            LinearOperation(
                rows: 3, inputs: 37, outputs: 35, activation: .geluTanh, hasResidual: true),
            on: backend(tested))
    }

    /// Feature reuse uses layers in groups, whose rows are interleaved.
    @Test(arguments: [5, 8]) func groupsMatchTheReference(index: Int) throws {
        let backend = try backend(Self.tileCases[index])
        for operation in OperationCatalog.small where operation is FeatureReuseOperation {
            try expectEqual(operation, on: backend)
        }
    }

    private func backend(_ tested: TileCase) throws -> OpenCLBackend {
        try TestDevice.makeBackend(.tile, engine: .float(tested.tile), tested.precision)
    }

    /// Every device grants 32 KiB; the last loop keeps 4 x 4 sums of each work-item there.
    @Test nonisolated func tilesFitIntoLocalMemory() {
        for tile in FloatTile.all {
            #expect(tile.localBytes <= 32_768 && tile.localBytes >= 64 * tile.items, "\(tile)")
            #expect(tile.items <= 256, "\(tile)")
        }
    }

    /// Only NVIDIA's compiler takes the option; on other devices the program would not build.
    @Test func registersAreLimitedOnNVIDIAOnly() throws {
        let context = try TestDevice.makeBackend(.tile).context
        let function = KernelFunction(name: "k", file: "f", macros: ["A"], maxRegisters: 128)
        let isNVIDIA = context.device.platform.name == "NVIDIA CUDA"
        #expect(
            function.options(for: context.device)
                == ["-DA"] + (isNVIDIA ? ["-DMAX_REGISTERS=128", "-cl-nv-maxrregcount=128"] : []))
        #expect(FloatTile.standard.maxRegisters == 128)
        #expect(FloatTile.all.filter { $0.maxRegisters != nil } == [.standard])
    }
}

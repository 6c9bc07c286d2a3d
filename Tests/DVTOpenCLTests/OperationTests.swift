import DVTEvaluation
import DVTOperations
import DVTTestSupport
import OpenCLRuntime
import Testing

@testable import DVTOpenCL

/// Compares every operation with the reference at edge-case sizes, in both styles.
@MainActor
@Suite(.enabled(if: TestDevice.isAvailable, Comment(rawValue: TestDevice.comment)))
struct OperationTests {
    @Test(arguments: KernelStyle.allCases)
    func matchesReference(style: KernelStyle) throws {
        let backend = try TestDevice.makeBackend(style)
        for operation in OperationCatalog.edges { try expectEqual(operation, on: backend) }
    }

    /// Devices whose local memory cannot hold a work-item's coarse rows use the tile kernel.
    @Test func vectorAttentionFallsBackToTiles() throws {
        let operation = AttentionOperation(
            batch: 1, grid: 5, heads: 2, headWidth: 32, reusing: 4, keepsLogits: true)
        let backend = try TestDevice.makeIsolatedBackend(.vector)
        backend.localMemoryLimit = 6 * 17 * 4 - 1
        try expectEqual(operation, on: backend)
        #expect(
            backend.context.statistics.programsCompiled + backend.context.statistics.programsLoaded
                == 1)
    }
}

import DVTEvaluation
import DVTOperations
import DVTReference
import DVTTestSupport
import OpenCL
import Testing

@testable import DVTOpenCL

/// Every operation at sizes around its edges, in both styles, against the reference.
@Suite(.enabled(if: TestDevice.isAvailable, Comment(rawValue: TestDevice.comment)))
struct OperationTests {
    @Test(arguments: KernelStyle.allCases)
    func matchesReference(style: KernelStyle) throws {
        let backend = try TestDevice.makeBackend(style)
        let reference = ReferenceBackend()
        for operation in OperationCatalog.edges {
            let result = try ParityComparison.operation(
                operation, on: backend, against: reference)
            #expect(
                result.passes,
                "\(result.name): \(result.distance) exceeds \(result.tolerance)")
        }
    }

    /// Linear maps by every engine that tuning may choose, whatever the style of the other kernels.
    @Test(arguments: LinearEngine.all)
    func linearMapsMatchByEveryEngine(engine: LinearEngine) throws {
        let backend = try TestDevice.makeBackend(.vector, engine: engine)
        for operation in OperationCatalog.edges where operation is LinearOperation {
            let result = try ParityComparison.operation(
                operation, on: backend, against: ReferenceBackend())
            #expect(
                result.passes,
                "\(result.name): \(result.distance) exceeds \(result.tolerance)")
        }
    }

    /// Devices whose local memory cannot hold a work-item's coarse rows get the tile kernel.
    @Test func vectorAttentionGivesWayToTiles() throws {
        let operation = AttentionOperation(
            batch: 1, grid: 5, heads: 2, headWidth: 32, reusing: 4, keepsLogits: true)
        let backend = try TestDevice.makeBackend(.vector)
        backend.localMemoryLimit = 6 * 17 * 4 - 1
        let result = try ParityComparison.operation(
            operation, on: backend, against: ReferenceBackend())
        #expect(result.passes, "\(result.distance)")
        #expect(
            backend.context.statistics.programsCompiled + backend.context.statistics.programsLoaded
                == 1)
    }
}

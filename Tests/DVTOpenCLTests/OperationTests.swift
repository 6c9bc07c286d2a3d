import DVTEvaluation
import DVTOperations
import DVTParity
import DVTReference
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
        let reference = ReferenceBackend()
        for operation in OperationCatalog.edges {
            let result = try ParityComparison.operation(
                operation, on: backend, against: reference)
            #expect(
                result.passes,
                "\(result.name): \(result.distance) exceeds \(result.tolerance)")
        }
    }

    /// The tensor core kernel.
    ///
    /// Without tensor cores, fragments are exchanged through local memory, and everything but the
    /// matrix instruction is as on a GPU.
    @Test func mixedPrecisionRoundsToFloat16() throws {
        let backend = try TestDevice.makeBackend(.vector, engine: .matrix)
        #expect(backend.precision == .mixed)
        for operation in OperationCatalog.edges where operation is LinearOperation {
            let result = try ParityComparison.operation(
                operation, on: backend, against: ReferenceBackend(), sums: .mixed)
            #expect(
                result.passes && result.tolerance == 1e-3,
                "\(result.name): \(result.distance) exceeds \(result.tolerance)")
        }
        // A misplaced fragment would cause errors as large as the result.
        #expect(try TensorCores.error(on: backend) < TensorCores.tolerance)
        #expect(try TensorCores.error(on: TestDevice.makeBackend(.vector)) < 1e-6)
    }

    /// Without tensor cores the backend uses float32 and reports the reason.
    @Test func mixedPrecisionNeedsTensorCores() throws {
        let context = try Context(device: DeviceSelector("cpu").device())
        let backend = try OpenCLBackend(
            context: context, kernelStyle: .vector, precision: .mixed)
        #expect(backend.precision == .float32)
        #expect(backend.precisionProblem?.contains("has no tensor cores that dvt supports") == true)
    }

    /// Devices whose local memory cannot hold a work-item's coarse rows use the tile kernel.
    @Test func vectorAttentionFallsBackToTiles() throws {
        let operation = AttentionOperation(
            batch: 1, grid: 5, heads: 2, headWidth: 32, reusing: 4, keepsLogits: true)
        let backend = try TestDevice.makeIsolatedBackend(.vector)
        backend.localMemoryLimit = 6 * 17 * 4 - 1
        let result = try ParityComparison.operation(
            operation, on: backend, against: ReferenceBackend())
        #expect(result.passes, "\(result.distance)")
        #expect(
            backend.context.statistics.programsCompiled + backend.context.statistics.programsLoaded
                == 1)
    }
}

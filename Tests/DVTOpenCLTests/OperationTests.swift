import DVTCore
import DVTEvaluation
import DVTOpenCL
import DVTOperations
import DVTReference
import DVTTestSupport
import Testing

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

    /// The class counts, so it must be right and not only near: `relativeL2` would hide it.
    @Test func confidenceFindsTheSameClasses() throws {
        let operation = ConfidenceOperation(batch: 17, classes: 1000)
        let backend = try TestDevice.makeBackend(.vector)
        let expected = try operation.run(on: ReferenceBackend())[0]
        let actual = try operation.run(on: backend)[0]
        for image in 0..<17 {
            #expect(actual.values[2 * image] == expected.values[2 * image])
        }
    }
}

import DVTAutodiff
internal import DVTCore
package import DVTOperations

extension ParityComparison {
    /// Runs one operation on two backends and compares every output.
    ///
    /// - Parameters:
    ///   - operation: the operation to run.
    ///   - backend: the backend under test.
    ///   - reference: the reference backend.
    ///   - sums: the precision of the backend's sums.
    /// - Returns: the comparison of the worst output.
    /// - Throws: a backend's error, or ``ShapeError``.
    package static func operation<B: DifferentiableBackend, R: DifferentiableBackend>(
        _ operation: any Operation, on backend: B, against reference: R,
        sums: SumPrecision = .float32
    ) throws -> ParityComparison {
        let actual = try operation.run(on: backend)
        let expected = try operation.run(on: reference)
        precondition(actual.count == expected.count, "backends differ in the number of outputs")
        let distances = try zip(actual, expected).map { try Distance($0, from: $1) }
        guard
            let worst = distances.max(by: { $0.relativeL2 < $1.relativeL2 || $1.relativeL2.isNaN })
        else {
            preconditionFailure("an operation has an output")
        }
        return ParityComparison(
            deviceName: backend.deviceName, name: operation.label,
            distance: worst,
            tolerance: sums.tolerance(operation.tolerance, roundings: operation.roundings))
    }
}

import DVTOpenCL
import DVTOperations
import DVTParity
import DVTReference
import Testing

extension Precision {
    /// How a backend in this precision stores and sums.
    var sums: SumPrecision {
        switch self {
        case .float32: .float32
        case .float16: .float16
        case .bfloat16: .bfloat16
        }
    }
}

/// Compares an operation on a backend with the reference, from inputs rounded on both sides.
@MainActor
func expectEqual(_ operation: any Operation, on backend: OpenCLBackend) throws {
    let sums = backend.precision.sums
    let reference = sums.rounding.map { ReferenceBackend(roundingInputs: $0) }
    let result = try ParityComparison.operation(
        operation, on: backend, against: reference ?? ReferenceBackend(), sums: sums)
    #expect(result.passes, "\(result.name): \(result.distance) exceeds \(result.tolerance)")
}

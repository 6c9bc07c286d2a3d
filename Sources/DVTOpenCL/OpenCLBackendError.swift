/// What the backend itself cannot do, or what a matrix library reports.
public enum OpenCLBackendError: Error, Equatable, Sendable {
    /// No attention kernel takes heads of this width.
    case headWidth(Int)
    /// A matrix engine refused a product `[rows, depth] x [depth, columns]` with this status.
    case matMulFailed(engine: String, rows: Int, columns: Int, depth: Int, status: Int32)
    /// A tensor has more elements than kernels count, 2^31 - 1.
    case tooManyElements(Int)
    /// CLBlast did not take the parameters of one of its kernels.
    case tuningRefused(kernel: String, status: Int32)
}

extension OpenCLBackendError: CustomStringConvertible {
    /// One line with the value, the limit and the remedy.
    public var description: String {
        switch self {
        case .headWidth(let width):
            """
            heads of width \(width) have no OpenCL kernel, which take a multiple of 16 up to 128; \
            choose width and heads so, or use --device reference
            """
        case .matMulFailed(let engine, let rows, let columns, let depth, let status):
            """
            \(engine) failed with status \(status) on a product of \(rows) x \(depth) and \
            \(depth) x \(columns); try a smaller batch, or `dvt devices` to check the driver
            """
        case .tooManyElements(let count):
            """
            a tensor of \(count) elements is more than kernels count (\(Int32.max)); use a smaller \
            batch
            """
        case .tuningRefused(let kernel, let status):
            """
            CLBlast refused this package's parameters for its kernel \(kernel) with status \(status); \
            install CLBlast 1.5 or later
            """
        }
    }
}

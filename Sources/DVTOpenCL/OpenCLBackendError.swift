/// A limit of the backend, or an error of its matrix library.
public enum OpenCLBackendError: Error, Equatable, Sendable {
    /// No attention kernel takes heads of this width.
    case headWidth(Int)
    /// A matrix library refused a product `[rows, depth] x [depth, columns]` with this status.
    case matMulFailed(engine: String, rows: Int, columns: Int, depth: Int, status: Int32)
    /// A tensor has more than 2^31 - 1 elements, the limit of the kernels.
    case tooManyElements(Int)
    /// CLBlast refused the parameters of one of its kernels.
    case tuningRefused(kernel: String, status: Int32)
    /// A kernel does not take tensors of this precision, or of different ones.
    case precision(kernel: String)
    /// An engine of linear layers does not compute in this precision.
    case enginePrecision(engine: String, precision: String)
    /// A kernel declares other parameters than the call names; `kernel` includes the file.
    case kernelArguments(kernel: String, declared: [String], given: [String])
}

extension OpenCLBackendError: CustomStringConvertible {
    /// One line with the value, the limit and the remedy.
    public var description: String {
        switch self {
        case .headWidth(let width):
            """
            heads of width \(width) have no OpenCL kernel: the width of a head must be a multiple of \
            16 and at most 128; change the model's width or heads, or use --device reference
            """
        case .matMulFailed(let engine, let rows, let columns, let depth, let status):
            """
            \(engine) failed with status \(status) on a product of \(rows) x \(depth) and \
            \(depth) x \(columns); try a smaller batch, or `dvt devices` to check the driver
            """
        case .tooManyElements(let count):
            """
            a tensor of \(count) elements exceeds the kernels' limit of \(Int32.max); use a smaller \
            batch
            """
        case .tuningRefused(let kernel, let status):
            """
            CLBlast refused this package's parameters for its kernel \(kernel) with status \(status); \
            install CLBlast 1.5 or later
            """
        case .precision(let kernel):
            """
            kernel \(kernel) does not take tensors of these precisions together; this is an error \
            of dvt
            """
        case .enginePrecision(let engine, let precision):
            """
            engine \(engine) does not compute in \(precision): clblast takes float32 only, the \
            others every --precision
            """
        case .kernelArguments(let kernel, let declared, let given):
            """
            kernel \(kernel) declares the parameters (\(declared.joined(separator: ", "))) and \
            was called with (\(given.joined(separator: ", ")))
            """
        }
    }
}

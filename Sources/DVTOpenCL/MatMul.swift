import OpenCL

/// A row-major float32 matrix within a buffer.
struct Matrix {
    let buffer: Buffer
    /// The first element.
    let offset: Int

    init(_ buffer: Buffer, offset: Int = 0) {
        self.buffer = buffer
        self.offset = offset
    }
}

/// `output = left right`, or `left right^T`, dense and row-major.
struct MatrixProduct {
    let rows: Int
    let columns: Int
    let depth: Int
    /// The left factor, `[rows, depth]`.
    let left: Matrix
    /// The right factor, `[depth, columns]`, or `[columns, depth]` where it is transposed.
    let right: Matrix
    let isRightTransposed: Bool
    /// Where the product goes, `[rows, columns]`.
    let output: Matrix
}

/// A library or kernel that multiplies matrices on a queue.
protocol MatMulEngine {
    /// The name, for messages.
    var name: String { get }

    /// Whether it takes a product of these sizes.
    func supports(_ product: MatrixProduct) -> Bool

    /// Enqueues the product.
    func enqueue(_ product: MatrixProduct) throws
}

/// The seam between the network and what multiplies its matrices: a table of engines, of which
/// the first that takes a product runs it.
struct MatMul {
    let engines: [any MatMulEngine]

    /// Enqueues a product; one without elements is done at once.
    func callAsFunction(_ product: MatrixProduct) throws {
        guard product.rows > 0, product.columns > 0 else { return }
        guard let engine = engines.first(where: { $0.supports(product) }) else {
            preconditionFailure("the last engine of the table takes every product")
        }
        try engine.enqueue(product)
    }
}

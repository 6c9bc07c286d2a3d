import OpenCLRuntime

/// A row-major float32 matrix within a buffer.
struct Matrix {
    let buffer: Buffer
    /// The first element.
    let offset: Int
    /// The elements from one row to the next; nil means that rows are contiguous.
    let pitch: Int?

    init(_ buffer: Buffer, offset: Int = 0, pitch: Int? = nil) {
        self.buffer = buffer
        self.offset = offset
        self.pitch = pitch
    }
}

/// `output = left right^T`, row-major.
struct MatrixProduct {
    let rows: Int
    let columns: Int
    let depth: Int
    /// The left factor, `[rows, depth]`.
    let left: Matrix
    /// The right factor, `[columns, depth]`: the weight of a linear layer.
    let right: Matrix
    /// The product, `[rows, columns]`.
    let output: Matrix
}

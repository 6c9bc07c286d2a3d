import OpenCL

/// Device memory that is used again by requests of the same size.
///
/// Sizes match exactly: a sequence of requests and returns that has run once never needs a new
/// buffer again, which looser fits cannot promise.
final class BufferPool {
    private let context: Context
    private var free: [Int: [Buffer]] = [:]

    init(context: Context) {
        self.context = context
    }

    /// Memory of a size; it returns to the pool when the last reference goes.
    func take(byteCount: Int) throws -> PooledBuffer {
        let buffer =
            try free[byteCount]?.popLast() ?? context.makeBuffer(byteCount: byteCount)
        return PooledBuffer(buffer, pool: self)
    }

    /// Lets go of all memory that nothing uses.
    func releaseFree() {
        free.removeAll()
    }

    fileprivate func giveBack(_ buffer: Buffer) {
        free[buffer.byteCount, default: []].append(buffer)
    }
}

/// A buffer on loan from a pool.
final class PooledBuffer {
    let buffer: Buffer
    private let pool: BufferPool

    fileprivate init(_ buffer: Buffer, pool: BufferPool) {
        self.buffer = buffer
        self.pool = pool
    }

    deinit {
        pool.giveBack(buffer)
    }
}

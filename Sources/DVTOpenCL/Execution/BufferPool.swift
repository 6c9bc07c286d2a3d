import OpenCLRuntime

/// Device memory that is used again by requests of the same size.
///
/// Sizes match exactly: no more buffers of a size are made than were ever in use at once, which
/// looser fits cannot promise.
final class BufferPool {
    private let context: Context
    private var free: [Int: [Buffer]] = [:]

    init(context: Context) {
        self.context = context
    }

    /// Memory of a size; it returns to the pool when the last reference goes.
    ///
    /// Where the device has none left, what lies idle in the pool makes room.
    func take(byteCount: Int) throws -> PooledBuffer {
        if let buffer = free[byteCount]?.popLast() {
            return PooledBuffer(buffer, pool: self)
        }
        do {
            return PooledBuffer(try context.makeBuffer(byteCount: byteCount), pool: self)
        } catch {
            guard case .callFailed = error, !free.isEmpty else { throw error }
            releaseFree()
            return PooledBuffer(try context.makeBuffer(byteCount: byteCount), pool: self)
        }
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
    /// The bytes from the first that tensors have: a batch may grow into the rest.
    var usedBytes = 0
    /// The number of in-place changes of what it holds.
    var version = 0
    private let pool: BufferPool

    fileprivate init(_ buffer: Buffer, pool: BufferPool) {
        self.buffer = buffer
        self.pool = pool
    }

    deinit {
        pool.giveBack(buffer)
    }
}

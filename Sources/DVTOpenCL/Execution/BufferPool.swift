import OpenCLRuntime

/// Device memory that is reused by requests of the same size.
///
/// Sizes match exactly, which bounds the number of buffers of a size by the maximum in use at once.
final class BufferPool {
    private let context: Context
    private var free: [Int: [Buffer]] = [:]

    init(context: Context) {
        self.context = context
    }

    /// Returns a buffer of a size, which goes back to the pool with the last reference.
    ///
    /// If the device's memory is full, the pool's free buffers are released first.
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

    /// Releases all free buffers.
    func releaseFree() {
        free.removeAll()
    }

    fileprivate func giveBack(_ buffer: Buffer) {
        free[buffer.byteCount, default: []].append(buffer)
    }
}

/// A buffer that returns to its pool with the last reference.
final class PooledBuffer {
    let buffer: Buffer
    /// The leading bytes that tensors use; a batch may grow into the rest.
    var usedBytes = 0
    /// The number of in-place changes of its contents.
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

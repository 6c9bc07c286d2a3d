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
    private let owner: Owner

    private enum Owner {
        case pool(BufferPool)
        /// The memory of which this is a part.
        case whole(PooledBuffer)
    }

    fileprivate init(_ buffer: Buffer, pool: BufferPool) {
        self.buffer = buffer
        owner = .pool(pool)
    }

    /// A part of a pooled buffer, which returns to the pool after its last part.
    ///
    /// - Parameters:
    ///   - whole: the buffer.
    ///   - offset: the first byte; see ``/OpenCLRuntime/Buffer/part(offset:byteCount:)``.
    ///   - byteCount: the size.
    /// - Throws: the device's error.
    init(partOf whole: PooledBuffer, offset: Int, byteCount: Int) throws {
        buffer = try whole.buffer.part(offset: offset, byteCount: byteCount)
        owner = .whole(whole)
    }

    deinit {
        if case .pool(let pool) = owner { pool.giveBack(buffer) }
    }
}

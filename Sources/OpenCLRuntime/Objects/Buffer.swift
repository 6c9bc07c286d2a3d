import COpenCL

/// A buffer in device memory, released with its last reference.
///
/// Enqueued commands retain the memory, so a buffer may be released before they complete.
package final class Buffer: Sendable {
    /// How kernels may access a buffer; the host may always read and write it.
    package enum Access: Sendable {
        /// Kernels may read and write it.
        case readWrite
        /// Kernels may only read it.
        case readOnly
    }

    /// The context that created the buffer.
    package let context: Context
    /// The requested size, in bytes.
    package let byteCount: Int
    /// How kernels may access it.
    package let access: Access
    private let id: Handle

    /// The underlying OpenCL object.
    package var handle: cl_mem { id.pointer }

    init(context: Context, byteCount: Int, access: Access) throws(OpenCLError) {
        precondition(byteCount >= 0, "a buffer's size must not be negative")
        guard byteCount <= context.device.maxAllocationBytes else {
            throw .bufferTooLarge(byteCount: byteCount, limit: context.device.maxAllocationBytes)
        }
        let flags = access == .readOnly ? CL_MEM_READ_ONLY : CL_MEM_READ_WRITE
        self.context = context
        self.byteCount = byteCount
        self.access = access
        id = try create("clCreateBuffer") { status in
            clCreateBuffer(context.handle, cl_mem_flags(flags), max(4, byteCount), nil, status)
        }
        context.counter.update {
            $0.buffersCreated += 1
            $0.largestBufferBytes = max($0.largestBufferBytes, byteCount)
            $0.liveBufferBytes += byteCount
            $0.highWaterBytes = max($0.highWaterBytes, $0.liveBufferBytes)
        }
    }

    deinit {
        clReleaseMemObject(id.pointer)
        let byteCount = byteCount
        context.counter.update { $0.liveBufferBytes -= byteCount }
    }

    /// Throws unless a range lies within the buffer.
    func checkRange(offset: Int, byteCount: Int) throws(OpenCLError) {
        guard offset >= 0, byteCount >= 0, offset <= self.byteCount,
            byteCount <= self.byteCount - offset
        else {
            throw .outsideBuffer(
                offset: offset, byteCount: byteCount, bufferByteCount: self.byteCount)
        }
    }
}

import COpenCL

/// A piece of a device's memory, given back when the last reference goes.
///
/// A queued command keeps the memory alive until it is done, so a buffer may be dropped right after
/// it was enqueued.
public final class Buffer: Sendable {
    /// What kernels may do with a buffer; the host may always read and write it.
    public enum Access: Sendable {
        /// Kernels read and write it.
        case readWrite
        /// Kernels only read it.
        case readOnly
    }

    /// The context it was made by.
    public let context: Context
    /// Its size, as it was asked for.
    public let byteCount: Int
    /// What kernels may do with it.
    public let access: Access
    private let id: Handle

    /// OpenCL's object.
    package var handle: cl_mem { id.pointer }

    init(context: Context, byteCount: Int, access: Access) throws(OpenCLError) {
        precondition(byteCount >= 0, "a buffer has no negative size")
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

    /// Throws unless a range lies inside the buffer.
    func checkRange(offset: Int, byteCount: Int) throws(OpenCLError) {
        guard offset >= 0, byteCount >= 0, offset <= self.byteCount,
            byteCount <= self.byteCount - offset
        else {
            throw .outsideBuffer(
                offset: offset, byteCount: byteCount, bufferByteCount: self.byteCount)
        }
    }
}

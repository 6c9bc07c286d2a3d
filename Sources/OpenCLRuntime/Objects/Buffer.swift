import COpenCL
import Synchronization

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
    private let isPart: Bool
    /// The parts made so far, by their offset and size in bytes.
    private let parts = Mutex<[[Int]: Buffer]>([:])

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
        isPart = false
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

    /// Creates a part of a buffer, whose memory the driver keeps as long as its parts.
    private init(partOf whole: Buffer, offset: Int, byteCount: Int) throws(OpenCLError) {
        context = whole.context
        access = whole.access
        self.byteCount = byteCount
        isPart = true
        var region = cl_buffer_region(origin: offset, size: byteCount)
        id = try create("clCreateSubBuffer") { status in
            clCreateSubBuffer(
                whole.handle, 0, cl_buffer_create_type(CL_BUFFER_CREATE_TYPE_REGION), &region,
                status)
        }
    }

    deinit {
        clReleaseMemObject(id.pointer)
        guard !isPart else { return }
        let byteCount = byteCount
        context.counter.update { $0.liveBufferBytes -= byteCount }
    }

    /// A part of the buffer, created at the first request.
    ///
    /// - Parameters:
    ///   - offset: its first byte, a multiple of the device's ``Device/memoryBaseAlignmentBytes``.
    ///   - byteCount: its size, above 0.
    /// - Returns: the part.
    /// - Throws: ``OpenCLError/outsideBuffer(offset:byteCount:bufferByteCount:)``,
    ///   ``OpenCLError/callFailed(function:status:)``.
    package func part(offset: Int, byteCount: Int) throws(OpenCLError) -> Buffer {
        try checkRange(offset: offset, byteCount: byteCount)
        return try parts.withLock { (parts: inout [[Int]: Buffer]) throws(OpenCLError) in
            if let part = parts[[offset, byteCount]] { return part }
            let part = try Buffer(partOf: self, offset: offset, byteCount: byteCount)
            parts[[offset, byteCount]] = part
            return part
        }
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

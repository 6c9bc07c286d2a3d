import COpenCL
import Synchronization

/// An OpenCL context of one device, which creates buffers, programs and queues.
///
/// A context may be shared between threads.
public final class Context: Sendable {
    /// The context's device.
    public let device: Device
    /// The cache of program binaries between runs, or why there is none.
    package let diskCache: DiskCache
    let counter = StatisticsCounter()
    let programs = Mutex<[ProgramKey: Program]>([:])
    private let id: Handle

    /// The underlying OpenCL object.
    package var handle: cl_context { id.pointer }

    /// Creates a context.
    ///
    /// - Parameters:
    ///   - device: the device.
    ///   - diskCache: the cache of program binaries between runs.
    /// - Throws: ``OpenCLError/callFailed(function:status:)``, for example if the device is in use.
    public init(device: Device, diskCache: DiskCache = .standard) throws(OpenCLError) {
        self.device = device
        self.diskCache = diskCache
        id = try create("clCreateContext") { status in
            let platform = Int(bitPattern: device.platform.handle)
            var device: cl_device_id? = device.handle
            let properties: [cl_context_properties] = [Int(CL_CONTEXT_PLATFORM), platform, 0]
            return clCreateContext(properties, 1, &device, nil, nil, status)
        }
    }

    deinit {
        clReleaseContext(id.pointer)
    }

    /// Creates a queue.
    ///
    /// - Parameter collectsEvents: whether the queue collects an ``Event`` per command.
    /// - Returns: the queue.
    /// - Throws: ``OpenCLError/callFailed(function:status:)``.
    package func makeQueue(collectsEvents: Bool = false) throws(OpenCLError) -> CommandQueue {
        try CommandQueue(context: self, collectsEvents: collectsEvents)
    }

    /// Creates a buffer with undefined contents.
    ///
    /// - Parameters:
    ///   - byteCount: the size, which may be 0; OpenCL has no empty buffers, so that takes 4 bytes.
    ///   - access: how kernels may access it.
    /// - Returns: the buffer.
    /// - Throws: ``OpenCLError/bufferTooLarge(byteCount:limit:)`` above the device's limit,
    ///   ``OpenCLError/callFailed(function:status:)`` if memory is exhausted.
    package func makeBuffer(
        byteCount: Int, access: Buffer.Access = .readWrite
    ) throws(OpenCLError) -> Buffer {
        try Buffer(context: self, byteCount: byteCount, access: access)
    }

    /// The context's counters.
    package var statistics: Statistics {
        counter.value
    }
}

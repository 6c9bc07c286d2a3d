import COpenCL
import Synchronization

/// One device's memory and programs: makes buffers, programs and queues.
///
/// Any number of threads may share a context.
public final class Context: Sendable {
    /// The device it is for.
    public let device: Device
    /// Where program binaries are kept between runs, or why they are not.
    public let diskCache: DiskCache
    let counter = StatisticsCounter()
    let programs = Mutex<[ProgramKey: Program]>([:])
    private let id: Handle

    /// OpenCL's object.
    package var handle: cl_context { id.pointer }

    /// Creates a context.
    ///
    /// - Parameters:
    ///   - device: the device.
    ///   - diskCache: where to keep program binaries between runs.
    /// - Throws: ``OpenCLError/callFailed(function:status:)``, as when the device is in use.
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

    /// Makes a queue.
    ///
    /// - Parameter collectsEvents: whether the queue keeps an ``Event`` of each command.
    /// - Returns: the queue.
    /// - Throws: ``OpenCLError/callFailed(function:status:)``.
    public func makeQueue(collectsEvents: Bool = false) throws(OpenCLError) -> CommandQueue {
        try CommandQueue(context: self, collectsEvents: collectsEvents)
    }

    /// Makes a buffer; what it holds is undefined.
    ///
    /// - Parameters:
    ///   - byteCount: its size; 0 is allowed, and such a buffer takes 4 bytes on the device because
    ///     OpenCL has no empty ones.
    ///   - access: what kernels may do with it.
    /// - Returns: the buffer.
    /// - Throws: ``OpenCLError/bufferTooLarge(byteCount:limit:)`` above the device's limit,
    ///   ``OpenCLError/callFailed(function:status:)`` when memory is full.
    public func makeBuffer(
        byteCount: Int, access: Buffer.Access = .readWrite
    ) throws(OpenCLError) -> Buffer {
        try Buffer(context: self, byteCount: byteCount, access: access)
    }

    /// What the context has done so far.
    public var statistics: Statistics {
        counter.value
    }
}

import COpenCL

/// A processor that OpenCL can use, and what it says about itself.
public struct Device: Sendable {
    /// The driver that it belongs to.
    public let platform: Platform
    /// Its name.
    public let name: String
    /// Who made it.
    public let vendor: String
    /// The maker's number; NVIDIA is 0x10DE, AMD 0x1002, Intel 0x8086.
    public let vendorID: UInt32
    /// The driver's version.
    public let driverVersion: String
    /// The OpenCL version, as the driver writes it.
    public let version: String
    /// The newest OpenCL C version of its compiler, as the driver writes it.
    public let openCLCVersion: String
    /// Whether it is a GPU, a CPU or something else.
    public let types: DeviceTypes
    /// The number of units that run work-groups.
    public let computeUnits: Int
    /// The highest clock frequency.
    public let clockMegahertz: Int
    /// The size of its memory.
    public let globalMemoryBytes: Int
    /// The local memory that one work-group can have, as reported.
    public let localMemoryBytes: Int
    /// Whether local memory is memory of its own; on CPUs it is a part of main memory.
    public let localMemoryIsDedicated: Bool
    /// The largest buffer.
    public let maxAllocationBytes: Int
    /// The most work-items that one work-group can have.
    public let maxWorkGroupSize: Int
    /// The most work-items along each dimension of a work-group.
    public let maxWorkItemSizes: [Int]
    /// What the offset of a sub-buffer must be a multiple of.
    public let memoryBaseAlignmentBytes: Int
    /// The floats that its compiler likes to handle at a time; 1 where it vectorizes by itself.
    public let preferredFloatVectorWidth: Int
    /// The floats of one of its vectors.
    public let nativeFloatVectorWidth: Int
    /// The extensions it has.
    public let extensions: Set<String>
    /// The step of the clock that ``Event`` reads.
    public let profilingTimerResolutionNanoseconds: Int
    private let id: Handle

    /// OpenCL's object.
    package var handle: cl_device_id { id.pointer }

    init(id: Handle, platform: Platform) throws(OpenCLError) {
        func query(_ property: Int32) -> InfoQuery { Self.query(id, property) }
        self.id = id
        self.platform = platform
        name = try query(CL_DEVICE_NAME).string()
        vendor = try query(CL_DEVICE_VENDOR).string()
        vendorID = try query(CL_DEVICE_VENDOR_ID).number()
        driverVersion = try query(CL_DRIVER_VERSION).string()
        version = try query(CL_DEVICE_VERSION).string()
        openCLCVersion = try query(CL_DEVICE_OPENCL_C_VERSION).string()
        types = DeviceTypes(rawValue: try query(CL_DEVICE_TYPE).number())
        computeUnits = Int(try query(CL_DEVICE_MAX_COMPUTE_UNITS).number(as: UInt32.self))
        clockMegahertz = Int(try query(CL_DEVICE_MAX_CLOCK_FREQUENCY).number(as: UInt32.self))
        globalMemoryBytes = try query(CL_DEVICE_GLOBAL_MEM_SIZE).size()
        localMemoryBytes = try query(CL_DEVICE_LOCAL_MEM_SIZE).size()
        let localType = try query(CL_DEVICE_LOCAL_MEM_TYPE).number(as: UInt32.self)
        localMemoryIsDedicated = localType == CL_LOCAL
        maxAllocationBytes = try query(CL_DEVICE_MAX_MEM_ALLOC_SIZE).size()
        maxWorkGroupSize = try query(CL_DEVICE_MAX_WORK_GROUP_SIZE).size()
        maxWorkItemSizes = try query(CL_DEVICE_MAX_WORK_ITEM_SIZES).array(of: Int.self)
        // OpenCL counts this one in bits.
        let alignment = try query(CL_DEVICE_MEM_BASE_ADDR_ALIGN).number(as: UInt32.self)
        memoryBaseAlignmentBytes = max(1, Int(alignment) / 8)
        let width = try query(CL_DEVICE_PREFERRED_VECTOR_WIDTH_FLOAT).number(as: UInt32.self)
        preferredFloatVectorWidth = Int(width)
        let native = try query(CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT).number(as: UInt32.self)
        nativeFloatVectorWidth = Int(native)
        let extensionText = try query(CL_DEVICE_EXTENSIONS).string()
        extensions = Set(extensionText.split(separator: " ").map(String.init))
        profilingTimerResolutionNanoseconds =
            try query(CL_DEVICE_PROFILING_TIMER_RESOLUTION).size()
    }

    private static func query(_ id: Handle, _ property: Int32) -> InfoQuery {
        InfoQuery(function: "clGetDeviceInfo") { size, value, needed in
            clGetDeviceInfo(id.pointer, cl_device_info(property), size, value, needed)
        }
    }
}

extension Device {
    /// The devices of all platforms, numbered from 0 as ``DeviceSelector/index(_:)`` counts them.
    ///
    /// - Returns: the devices.
    /// - Throws: ``OpenCLError/noPlatform`` if no driver is there.
    public static func all() throws(OpenCLError) -> [Device] {
        try Discovery.shared.get().flatMap(\.devices)
    }

    /// Whether its driver is PoCL.
    package var isPoCL: Bool { platform.name == "Portable Computing Language" }

    /// What a person needs to tell the device from others.
    public var summary: DeviceSummary {
        DeviceSummary(name: name, platformName: platform.name, types: types)
    }

    /// Its name and driver, for people and for the records of measurements.
    package var nameAndDriver: String { "\(name) (\(platform.name), driver \(driverVersion))" }
}

extension Device: Hashable {
    /// Whether both are the same OpenCL object.
    ///
    /// - Parameters:
    ///   - left: a device.
    ///   - right: another.
    /// - Returns: true if they are one.
    public static func == (left: Device, right: Device) -> Bool {
        left.id == right.id
    }

    /// Hashes the device's identity.
    ///
    /// - Parameter hasher: takes it.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(id)
    }
}

import COpenCL

/// An OpenCL device and its properties.
public struct Device: Sendable {
    /// The platform (driver) of the device.
    package let platform: Platform
    /// The device's name.
    public let name: String
    /// The vendor's name.
    public let vendor: String
    /// The vendor's PCI ID: 0x10DE for NVIDIA, 0x1002 for AMD, 0x8086 for Intel.
    package let vendorID: UInt32
    /// The driver's version.
    public let driverVersion: String
    /// The OpenCL version, as the driver reports it.
    package let version: String
    /// The newest OpenCL C version that the device compiler supports, as the driver reports it.
    package let openCLCVersion: String
    /// The kinds of device it reports to be.
    package let types: DeviceTypes
    /// The number of compute units, each of which runs a work-group at a time.
    package let computeUnits: Int
    /// The maximum clock frequency, in MHz.
    package let clockMegahertz: Int
    /// The size of global memory, in bytes.
    package let globalMemoryBytes: Int
    /// The local memory available to a work-group, in bytes, as reported.
    package let localMemoryBytes: Int
    /// Whether local memory is dedicated hardware; on CPUs it is part of main memory.
    package let localMemoryIsDedicated: Bool
    /// The size limit of a buffer, in bytes.
    package let maxAllocationBytes: Int
    /// The maximum number of work-items in a work-group.
    package let maxWorkGroupSize: Int
    /// The maximum number of work-items along each dimension of a work-group.
    package let maxWorkItemSizes: [Int]
    /// The required alignment of sub-buffer offsets, in bytes.
    package let memoryBaseAlignmentBytes: Int
    /// The preferred vector width for floats; 1 if the device compiler vectorizes by itself.
    package let preferredFloatVectorWidth: Int
    /// The native vector width for floats.
    package let nativeFloatVectorWidth: Int
    /// The supported extensions.
    package let extensions: Set<String>
    /// The resolution of ``Event/profile()``'s clock, in nanoseconds.
    package let profilingTimerResolutionNanoseconds: Int
    private let id: Handle

    /// The underlying OpenCL object.
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
        // OpenCL reports this property in bits.
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
    /// The devices of all platforms, in the order that ``DeviceSelector/index(_:)`` numbers them.
    ///
    /// - Returns: the devices.
    /// - Throws: ``OpenCLError/noPlatform`` if no driver is installed.
    public static func all() throws(OpenCLError) -> [Device] {
        try Discovery.shared.get().flatMap(\.devices)
    }

    /// Whether the driver is PoCL.
    package var isPoCL: Bool { platform.name == "Portable Computing Language" }

    /// NVIDIA's version of the hardware (cl_nv_device_attribute_query), or nil.
    package var computeCapability: (major: Int, minor: Int)? {
        guard extensions.contains("cl_nv_device_attribute_query"),
            let major = try? Self.query(id, 0x4000).number(as: UInt32.self),
            let minor = try? Self.query(id, 0x4001).number(as: UInt32.self)
        else { return nil }
        return (Int(major), Int(minor))
    }

    /// The subgroup sizes that a kernel may require (cl_intel_required_subgroup_size), or none.
    package var subgroupSizes: [Int] {
        guard extensions.contains("cl_intel_required_subgroup_size") else { return [] }
        return (try? Self.query(id, 0x4108).array(of: Int.self)) ?? []
    }

    /// The name, platform and kind of the device.
    package var summary: DeviceSummary {
        DeviceSummary(name: name, platformName: platform.name, types: types)
    }

    /// The name and the driver, for messages and benchmark records.
    package var nameAndDriver: String { "\(name) (\(platform.name), driver \(driverVersion))" }
}

extension Device: Hashable {
    /// Compares devices by identity.
    ///
    /// - Parameters:
    ///   - left: a device.
    ///   - right: another device.
    /// - Returns: whether both are the same OpenCL object.
    public static func == (left: Device, right: Device) -> Bool {
        left.id == right.id
    }

    /// Hashes the device's identity.
    ///
    /// - Parameter hasher: receives the identity.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(id)
    }
}

import COpenCL

/// What a device says it is; some simulators say that they are everything at once.
public struct DeviceTypes: OptionSet, Sendable, Hashable, CustomStringConvertible {
    /// OpenCL's bits.
    public let rawValue: UInt64

    /// Creates the set from OpenCL's bits.
    ///
    /// - Parameter rawValue: a `cl_device_type`.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// The machine's own processor.
    public static let cpu = DeviceTypes(rawValue: UInt64(CL_DEVICE_TYPE_CPU))
    /// A graphics processor.
    public static let gpu = DeviceTypes(rawValue: UInt64(CL_DEVICE_TYPE_GPU))
    /// Another processor made for computing.
    public static let accelerator = DeviceTypes(rawValue: UInt64(CL_DEVICE_TYPE_ACCELERATOR))
    /// A processor that runs built-in kernels only.
    public static let custom = DeviceTypes(rawValue: UInt64(CL_DEVICE_TYPE_CUSTOM))

    /// The kinds as people write them, such as `GPU`.
    public var description: String {
        let names: [(DeviceTypes, String)] = [
            (.gpu, "GPU"), (.cpu, "CPU"), (.accelerator, "accelerator"), (.custom, "custom"),
        ]
        let held = names.filter { contains($0.0) }.map(\.1)
        return held.isEmpty ? "unknown" : held.joined(separator: "+")
    }
}

import COpenCL

/// The kinds of device that an OpenCL device reports to be; some simulators report all of them.
public struct DeviceTypes: OptionSet, Sendable, Hashable, CustomStringConvertible {
    /// The bits of `cl_device_type`.
    public let rawValue: UInt64

    /// Creates the set from its bits.
    ///
    /// - Parameter rawValue: a `cl_device_type`.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// A CPU.
    public static let cpu = DeviceTypes(rawValue: UInt64(CL_DEVICE_TYPE_CPU))
    /// A GPU.
    public static let gpu = DeviceTypes(rawValue: UInt64(CL_DEVICE_TYPE_GPU))
    /// Another compute accelerator.
    public static let accelerator = DeviceTypes(rawValue: UInt64(CL_DEVICE_TYPE_ACCELERATOR))
    /// A device that runs built-in kernels only.
    public static let custom = DeviceTypes(rawValue: UInt64(CL_DEVICE_TYPE_CUSTOM))

    /// The kinds, such as `GPU`, joined by `+`.
    public var description: String {
        let names: [(DeviceTypes, String)] = [
            (.gpu, "GPU"), (.cpu, "CPU"), (.accelerator, "accelerator"), (.custom, "custom"),
        ]
        let held = names.filter { contains($0.0) }.map(\.1)
        return held.isEmpty ? "unknown" : held.joined(separator: "+")
    }
}

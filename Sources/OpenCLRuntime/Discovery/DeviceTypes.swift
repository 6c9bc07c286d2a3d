import COpenCL

/// The kinds of device that an OpenCL device reports to be; some simulators report all of them.
package struct DeviceTypes: OptionSet, Sendable, Hashable, CustomStringConvertible {
    /// The bits of `cl_device_type`.
    package let rawValue: UInt64

    /// Creates the set from its bits.
    ///
    /// - Parameter rawValue: a `cl_device_type`.
    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// A CPU.
    package static let cpu = DeviceTypes(rawValue: UInt64(CL_DEVICE_TYPE_CPU))
    /// A GPU.
    package static let gpu = DeviceTypes(rawValue: UInt64(CL_DEVICE_TYPE_GPU))
    /// Another compute accelerator.
    package static let accelerator = DeviceTypes(rawValue: UInt64(CL_DEVICE_TYPE_ACCELERATOR))
    /// A device that runs built-in kernels only.
    package static let custom = DeviceTypes(rawValue: UInt64(CL_DEVICE_TYPE_CUSTOM))

    /// The kinds, such as `GPU`, joined by `+`.
    package var description: String {
        let names: [(DeviceTypes, String)] = [
            (.gpu, "GPU"), (.cpu, "CPU"), (.accelerator, "accelerator"), (.custom, "custom"),
        ]
        let held = names.filter { contains($0.0) }.map(\.1)
        return held.isEmpty ? "unknown" : held.joined(separator: "+")
    }
}

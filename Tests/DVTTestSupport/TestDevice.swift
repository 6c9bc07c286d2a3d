import DVTOpenCL
import OpenCL

/// The OpenCL device that tests run on: the one `dvt` would choose.
package enum TestDevice {
    /// Why tests that need a device are skipped where there is none.
    package static let comment = "no OpenCL device: see `dvt devices`"

    /// Whether there is a device.
    package static var isAvailable: Bool { (try? DeviceSelector(nil).device()) != nil }

    /// A backend with a context of its own, so that its counters are one test's alone.
    ///
    /// - Parameter style: the kernels' style.
    /// - Returns: the backend.
    /// - Throws: ``OpenCLError`` if the device cannot be used.
    package static func makeBackend(_ style: KernelStyle) throws -> OpenCLBackend {
        let context = try Context(device: DeviceSelector(nil).device())
        return try OpenCLBackend(context: context, kernelStyle: style)
    }
}

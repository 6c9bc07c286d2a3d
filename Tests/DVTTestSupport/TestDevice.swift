import DVTOpenCL
import OpenCLRuntime

/// The OpenCL device that tests run on: the one `dvt` would choose.
///
/// Tests that compute on it run on the main actor. PoCL compiles one kernel at a time per process:
/// two such tests would occupy both threads that Swift Testing has on a machine of two cores, and
/// use one core. On the main thread they leave these threads to all other tests.
package enum TestDevice {
    /// The reason for skipping tests where there is no device.
    package static let comment = "no OpenCL device: see `dvt devices`"

    /// Whether there is a device.
    package static var isAvailable: Bool { (try? DeviceSelector(nil).device()) != nil }

    /// A backend with a context of its own, so that its counters are one test's alone.
    ///
    /// - Parameters:
    ///   - style: the kernels' style.
    ///   - engine: the engine of linear layers; nil means the default of the style, whatever was
    ///     measured on this device before.
    /// - Returns: the backend.
    /// - Throws: ``OpenCLError`` if the device cannot be used.
    @MainActor package static func makeBackend(
        _ style: KernelStyle, engine: LinearEngine? = nil
    ) throws -> OpenCLBackend {
        let device = try DeviceSelector(nil).device()
        let own: LinearEngine =
            style == .tile
            ? .tile(.standard)
            : .packed(PackedTile(floatVectorWidth: device.nativeFloatVectorWidth))
        return try OpenCLBackend(
            context: Context(device: device), kernelStyle: (style, nil),
            linearEngine: engine ?? own)
    }
}

import DVTOpenCL
import OpenCLRuntime

/// The OpenCL device that tests run on: the one `dvt` would choose.
///
/// Tests that compute on it run on the main actor. PoCL compiles one kernel at a time per process:
/// two such tests would occupy both of Swift Testing's threads on a machine with two cores, but use
/// only one core. On the main actor they keep these threads free for other tests.
package enum TestDevice {
    /// The reason for skipping tests without a device.
    package static let comment = "no OpenCL device: see `dvt devices`"

    /// Whether there is a device.
    package static var isAvailable: Bool { (try? DeviceSelector(nil).device()) != nil }

    /// The context shared by most tests, to build each program only once.
    @MainActor private static var sharedContext: Context?

    /// A backend on the context that tests share.
    ///
    /// - Parameters:
    ///   - style: the kernels' style.
    ///   - engine: the engine of linear layers; nil means the default of the style, whatever was
    ///     measured on this device before.
    ///   - precision: the precision of tensors.
    ///   - arithmetic: how 16-bit numbers are multiplied.
    ///   - buildOptions: additional compiler options.
    /// - Returns: the backend.
    /// - Throws: ``OpenCLError`` if the device cannot be used.
    @MainActor package static func makeBackend(
        _ style: KernelStyle, engine: LinearEngine? = nil, _ precision: Precision = .float32,
        arithmetic: Arithmetic = Arithmetic(bfloat16Dot: nil), buildOptions: String = ""
    ) throws -> OpenCLBackend {
        let context = try sharedContext ?? makeContext()
        sharedContext = context
        return try makeBackend(
            style, engine: engine, precision, arithmetic, buildOptions: buildOptions, on: context)
    }

    /// A backend with its own context, whose counters belong to one test.
    ///
    /// - Parameter style: the kernels' style.
    /// - Returns: the backend.
    /// - Throws: ``OpenCLError`` if the device cannot be used.
    @MainActor package static func makeIsolatedBackend(
        _ style: KernelStyle
    ) throws -> OpenCLBackend {
        try makeBackend(
            style, engine: nil, .float32, Arithmetic(bfloat16Dot: nil), on: makeContext())
    }

    /// The disk cache is off: PoCL compiles every kernel again to produce a program's binary, and
    /// has its own cache anyway.
    private static func makeContext() throws -> Context {
        try Context(device: DeviceSelector(nil).device(), diskCache: .off(reason: "test"))
    }

    private static func makeBackend(
        _ style: KernelStyle, engine: LinearEngine?, _ precision: Precision,
        _ arithmetic: Arithmetic, buildOptions: String = "", on context: Context
    ) throws -> OpenCLBackend {
        let own: LinearEngine =
            style == .tile
            ? .tile(.standard)
            : .packed(PackedTile(floatVectorWidth: context.device.nativeFloatVectorWidth))
        return try OpenCLBackend(
            context: context, kernelStyle: (style, nil), linearEngine: engine ?? own,
            precision: precision, arithmetic: arithmetic, buildOptions: buildOptions)
    }
}

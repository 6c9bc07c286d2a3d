import OpenCLRuntime

/// Tensor cores, which multiply small matrices of 16-bit numbers and sum in float32.
enum TensorCores {
    /// Whether `linear_matrix.cl` can use a device's tensor cores: NVIDIA's, whose OpenCL compiler
    /// accepts PTX.
    static func areKnown(on device: Device) -> Bool {
        device.platform.name == "NVIDIA CUDA"
    }

    /// The reason why a device's tensor cores are not used, or nil if they work.
    ///
    /// Runs the kernel once and compares the result with the host's. A separate context is used
    /// because a faulting kernel makes its context unusable.
    ///
    /// - Parameters:
    ///   - context: the device's context.
    ///   - precision: float16 or bfloat16.
    /// - Returns: the reason.
    static func problem(on context: Context, _ precision: Precision) -> String? {
        let device = context.device
        guard areKnown(on: device) else {
            return "\(device.name) has no tensor cores that dvt supports (NVIDIA's, from compute "
                + "capability 8.0 on)"
        }
        do {
            let trial = try OpenCLBackend(
                context: Context(device: device, diskCache: context.diskCache),
                kernelStyle: (.tile, nil), linearEngine: .matrix, precision: precision)
            let error = try trial.linearError()
            return error <= tolerance ? nil : "the relative error of its tensor cores is \(error)"
        } catch {
            return "its tensor cores do not run: \(error)"
        }
    }

    /// The tolerance for the relative error: factors are exact, and tensor cores may truncate the
    /// sums of a few products.
    static let tolerance = 1e-4
}

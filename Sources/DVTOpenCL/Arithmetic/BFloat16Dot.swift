import DVTCore
import DVTSupport
import OpenCLRuntime
import Synchronization

/// How kernels of the vector style multiply bfloat16 numbers.
package enum BFloat16Dot: Sendable {
    /// Widened to float32.
    case widened
    /// In pairs, by AVX512-BF16's `vdpbf16ps`.
    case native
    /// In pairs, by float32 instructions: the kernels of ``native`` for tests on any device.
    case emulated

    /// The macros of `bfloat16_dot.cl`.
    var macros: [String] {
        switch self {
        case .widened: []
        case .native: ["DOT", "DOT_NATIVE"]
        case .emulated: ["DOT"]
        }
    }
}

extension BFloat16Dot {
    /// The command that tries the instruction in a process of its own, or nil if the program has
    /// none; the index of the device in ``/OpenCLRuntime/Device/all()`` is appended.
    ///
    /// LLVM ends a process whose code it cannot compile, so the first trial on a device must not
    /// happen in a user's process.
    package static let trialCommand = Mutex<[String]?>(nil)

    /// The key of the trial's stored outcome; its number changes with the kernels.
    static let cacheKey = "bfloat16 dot 1"
    /// The stored outcome of a trial that passed; otherwise the reason is stored.
    static let passed = "passed"
    /// Kernels are built in it.
    private static let trialSeconds = 120

    /// Why a device does not use `vdpbf16ps`, or nil if it does.
    ///
    /// The outcome of the trial is stored per device and driver.
    ///
    /// - Parameter context: the device's context.
    /// - Returns: the reason.
    package static func problem(on context: Context) -> String? {
        let device = context.device
        guard device.types.contains(.cpu) else {
            return "the vector kernels use 16-bit products on CPUs only"
        }
        guard ProcessorFeatures.has("avx512_bf16") else {
            return "this processor has no AVX512-BF16"
        }
        let cache = DeviceCache(context.diskCache)
        let stored = cache.value(for: cacheKey, device: device)
        let outcome = stored ?? tried(on: device)
        if stored == nil, let outcome {
            cache.store(outcome, for: cacheKey, device: device)
        }
        guard let outcome else {
            return "AVX512-BF16 was not tried on this device yet; run `dvt devices` once"
        }
        return outcome == passed ? nil : outcome
    }

    /// The outcome of a trial in another process, or nil if there is none.
    private static func tried(on device: Device) -> String? {
        guard let command = trialCommand.withLock({ $0 }),
            let index = try? Device.all().firstIndex(of: device)
        else { return nil }
        return outcome(ChildProcess.run(command + ["\(index)"], seconds: trialSeconds))
    }

    /// The stored text of a trial: ``passed``, or the reason against the instruction.
    static func outcome(_ trial: ChildProcess.Outcome) -> String? {
        switch trial {
        case .exited(0): passed
        case .exited(let status):
            "the trial of AVX512-BF16 failed on this device (exit code \(status))"
        case .signaled(let signal):
            "the trial of AVX512-BF16 ended with signal \(signal) on this device"
        case .timedOut: "the trial of AVX512-BF16 did not end within \(trialSeconds) seconds"
        case .notStarted: nil
        }
    }

    /// Multiplies on a device with `vdpbf16ps` and compares with the host.
    ///
    /// - Parameter context: the device's context.
    /// - Returns: the relative L2 error of a linear layer whose sizes are no multiples of the tile.
    /// - Throws: the device's error.
    package static func trialError(on context: Context) throws -> Double {
        let tile = PackedTile(floatVectorWidth: context.device.nativeFloatVectorWidth)
        let backend = try OpenCLBackend(
            context: context, kernelStyle: (.vector, nil), linearEngine: .packed(tile),
            precision: .bfloat16, arithmetic: Arithmetic(bfloat16Dot: .native))
        return try backend.linearError()
    }

    /// The tolerance for ``trialError(on:)``: factors are exact, only the sums are rounded.
    package static let tolerance = 1e-5
}

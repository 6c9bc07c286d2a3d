import DVTCore
import OpenCLRuntime

/// The variant of the kernels that depend on the kind of device.
public enum KernelStyle: String, Sendable, CaseIterable {
    /// One work-item per work-group with wide vectors, for CPU-like devices.
    case vector
    /// Many work-items that share tiles in local memory, for GPU-like devices.
    case tile
}

extension KernelStyle {
    /// The style whose attention is faster on a device.
    ///
    /// Device types are not reliable, so both styles are timed once at the size of DeiT-small. The
    /// user's cache folder stores the choice, unless one style failed: the cause may be temporary.
    ///
    /// - Parameters:
    ///   - context: the device's context.
    ///   - beforeStep: called before each style is built and timed; may end the choice.
    /// - Returns: the faster style, and the error of the other if it does not run.
    /// - Throws: the first style's error if neither runs, or the error of `beforeStep`.
    static func fastest(
        on context: Context, beforeStep: () throws -> Void = {}
    ) throws -> (style: KernelStyle, problem: String?) {
        let cache = DeviceCache(context.diskCache)
        if let style = cache.value(for: cacheKey, device: context.device).flatMap(Self.init) {
            return (style, nil)
        }
        var measured: [(style: KernelStyle, time: Duration)] = []
        var failures: [(style: KernelStyle, error: any Error)] = []
        for style in allCases {
            try beforeStep()
            do {
                measured.append((style, try style.attentionTime(on: context)))
            } catch {
                failures.append((style, error))
            }
        }
        guard let fastest = measured.min(by: { $0.time < $1.time }) else {
            throw failures[0].error
        }
        if let failure = failures.first {
            return (fastest.style, "kernels of style \(failure.style) do not run: \(failure.error)")
        }
        cache.store(fastest.style.rawValue, for: cacheKey, device: context.device)
        return (fastest.style, nil)
    }

    /// The key of the stored choice; its number changes with the kernels.
    static let cacheKey = "kernel style 2"

    /// The fastest of three attentions after a warm-up.
    private func attentionTime(on context: Context) throws -> Duration {
        let backend = try OpenCLBackend(
            context: context, kernelStyle: (self, nil), linearEngine: .clblast)
        let qkv = try backend.upload(.uniform([1, 197, 3 * 6 * 64], name: "qkv", seed: 1))
        func time() throws -> Duration {
            let start = ContinuousClock.now
            _ = try backend.attention(
                qkv, heads: 6, scale: 0.125, queries: .allTokens, reusing: nil, keeping: nil)
            try backend.finish()
            return ContinuousClock.now - start
        }
        _ = try time()
        return min(try time(), try time(), try time())
    }
}

import DVTCore
import OpenCL

/// The shape of the kernels that devices want differently.
public enum KernelStyle: String, Sendable, CaseIterable {
    /// One work-item per work-group with wide vectors, for CPU-like devices.
    case vector
    /// Many work-items that share tiles in local memory, for GPU-like devices.
    case tile
}

extension KernelStyle {
    /// The style whose attention is faster on a device.
    ///
    /// Implementations report a device's type loosely, so both styles run once at the size of
    /// DeiT-small; the choice is remembered in the user's cache folder.
    ///
    /// - Parameter context: the device's context.
    /// - Returns: the faster style; the only one, if the other does not build.
    /// - Throws: the first style's error if neither builds.
    static func fastest(on context: Context) throws -> KernelStyle {
        let cache = DeviceCache(context.diskCache)
        let key = "kernel style 1"
        if let style = cache.value(for: key, device: context.device).flatMap(Self.init) {
            return style
        }
        let attempts = allCases.map { style in
            Result { (style: style, time: try style.attentionTime(on: context)) }
        }
        let measured = attempts.compactMap { try? $0.get() }
        guard let fastest = measured.min(by: { $0.time < $1.time }) else {
            return try attempts[0].get().style
        }
        cache.store(fastest.style.rawValue, for: key, device: context.device)
        return fastest.style
    }

    /// The shortest of three attentions after one that warms up.
    private func attentionTime(on context: Context) throws -> Duration {
        let backend = try OpenCLBackend(context: context, kernelStyle: self)
        let qkv = try backend.upload(.uniform([1, 197, 3 * 6 * 64], name: "qkv", seed: 1))
        func time() throws -> Duration {
            let start = ContinuousClock.now
            _ = try backend.attention(qkv, heads: 6, scale: 0.125, reusing: nil, keeping: nil)
            try backend.finish()
            return ContinuousClock.now - start
        }
        _ = try time()
        return min(try time(), try time(), try time())
    }
}

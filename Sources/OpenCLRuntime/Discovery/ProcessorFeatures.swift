import DVTSupport

/// The instruction sets of the host's processor.
package enum ProcessorFeatures {
    /// Names that Linux lists under `flags` in `/proc/cpuinfo`, such as `avx512_bf16`, less those
    /// in the environment variable `DVT_MASK_CPU_FEATURES`, which are separated by commas.
    private static let names: Set<String> = {
        let bytes = (try? readFile("/proc/cpuinfo", limit: 1 << 24)) ?? []
        return names(
            inProcessorFile: String(decoding: bytes, as: UTF8.self),
            mask: EnvironmentVariables.process["DVT_MASK_CPU_FEATURES"])
    }()

    /// Whether the processor has a feature.
    package static func has(_ name: String) -> Bool { names.contains(name) }

    static func names(inProcessorFile text: String, mask: String?) -> Set<String> {
        let line = text.split(separator: "\n").first { $0.hasPrefix("flags") } ?? ""
        let words = line.drop { $0 != ":" }.dropFirst().split(separator: " ")
        let hidden = (mask ?? "").split(separator: ",").map(String.init)
        return Set(words.map(String.init)).subtracting(hidden)
    }
}

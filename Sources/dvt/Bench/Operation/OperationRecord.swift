import DVTEvaluation
import DVTOpenCL
import DVTOperations
import DVTOutput
import DVTParity
import DVTSupport

/// The measurement of a kernel at one combination of sizes on one device.
struct OperationRecord {
    /// The operation's or the kernel's name.
    let name: String
    /// The sizes by key.
    let sizes: [String: OutputValue]
    let setting: BenchSetting
    let times: OperationTimes
    /// The floating-point operations; nil if unknown or none.
    let operations: Double?
    /// The bytes read and written; nil if unknown.
    let byteCount: Double?
    let peak: DevicePeak

    var gigaflops: Double? { operations.map { $0 / times.time.median / 1e6 } }
    var gigabytes: Double? { byteCount.map { $0 / times.time.median / 1e6 } }
    /// Floating-point operations per byte.
    var intensity: Double? {
        guard let operations, let byteCount, byteCount > 0 else { return nil }
        return operations / byteCount
    }
    /// The fraction of the attainable rate; nil if neither operations nor bytes are known.
    var peakShare: Double? {
        guard operations != nil || byteCount != nil else { return nil }
        return peak.rooflineShare(
            operations: operations ?? 0, byteCount: byteCount ?? 0,
            milliseconds: times.time.median)
    }

    /// The keys of all sizes: those of the operations, then those of a kernel's launch.
    static let sizeKeys = NamedOperation.parameterKeys + LaunchSizes.keys

    /// The columns of a sweep.
    ///
    /// - Parameter shown: the keys of the sizes that tables show.
    /// - Returns: the columns.
    static func columns(showing shown: Set<String>) -> [OutputColumn] {
        [OutputColumn("operation", title: "Operation")]
            + sizeKeys.map { key in
                OutputColumn(
                    key, title: title(of: key),
                    alignment: NamedOperation.choiceKeys.contains(key) ? .leading : .trailing,
                    audience: shown.contains(key) ? .everyone : .machines)
            } + [
                .number("median_ms", title: "Median, ms", decimals: 3),
                .number("min_ms", title: "Min", decimals: 3),
                .number("p90_ms", title: "p90", decimals: 3),
                .number("device_median_ms", title: "Device, ms", decimals: 3),
                .number("launches", title: "Launches"),
                .number("gflops_per_sec", title: "GFLOP/s", decimals: 1),
                .number("gbytes_per_sec", title: "GB/s", decimals: 2),
                .number("arithmetic_intensity", title: "FLOP/B"),
                .number("peak_share", title: "Of peak"),
                .number("repeats", audience: .machines),
            ]
    }

    private static func title(of key: String) -> String {
        key.count < 2 ? key : key.replacing("_", with: " ").capitalizedFirst
    }

    /// The values of ``columns(showing:)``.
    var row: [OutputValue] {
        let time = times.time
        return [.string(name)] + Self.sizeKeys.map { sizes[$0] ?? .null } + [
            .double(time.median), .double(time.minimum), .double(time.quantile(0.9)),
            .double(times.deviceTime.median), .int(times.launches),
            .optional(gigaflops, OutputValue.double), .optional(gigabytes, OutputValue.double),
            .optional(intensity, OutputValue.double), .optional(peakShare, OutputValue.double),
            .int(time.samples.count),
        ]
    }
}

extension OutputValue {
    /// The value of an operation's parameter.
    init(_ value: OperationValue) {
        switch value {
        case .size(let size): self = .int(size)
        case .choice(let word): self = .string(word)
        }
    }
}

import DVTSupport

/// The identity and speed of a benchmark's records.
package struct BenchmarkKind: Sendable {
    /// The command that writes the records.
    package let command: String
    /// The keys that identify a measurement; every record has all of them.
    package let identity: [String]
    /// The speed of a record in any unit, or nil if it has none.
    let speed: @Sendable (BenchmarkRecord) -> Double?

    /// `dvt bench model`.
    ///
    /// `gmacs` distinguishes a model with reuse from one without, and `stage_rows` distinguishes
    /// exit shares.
    package static let model = BenchmarkKind(
        command: "dvt bench model",
        identity: [
            "model", "measurement", "batch_size", "precision", "kernel_style", "gmacs",
            "stage_rows",
        ], speed: perMedian)

    /// `dvt bench kernels`.
    package static let kernels = BenchmarkKind(
        command: "dvt bench kernels",
        identity: ["model", "stage", "operation", "batch_size", "precision", "kernel_style"],
        speed: perMedian)

    /// `dvt bench train`.
    package static let training = BenchmarkKind(
        command: "dvt bench train",
        identity: ["model", "measurement", "batch_size", "precision", "kernel_style", "gmacs"],
        speed: perMedian)

    /// `dvt bench op`.
    ///
    /// - Parameter sizes: the keys of the sizes; those of other operations are null.
    /// - Returns: the kind.
    package static func operation(sizes: [String]) -> BenchmarkKind {
        BenchmarkKind(
            command: "dvt bench op",
            identity: ["operation"] + sizes + ["precision", "kernel_style"]
        ) { record in
            record["median_ms"]?.number.map { 1 / $0 }
        }
    }

    /// `dvt bench peak`.
    package static let peak = BenchmarkKind(
        command: "dvt bench peak", identity: ["measurement", "unit", "precision"]
    ) { record in
        guard let value = record["value"]?.number else { return nil }
        return record["unit"]?.string == "us" ? 1 / value : value
    }

    @Sendable private static func perMedian(_ record: BenchmarkRecord) -> Double? {
        record["step_time_ms"]?.member("median")?.number.map { 1 / $0 }
    }
}

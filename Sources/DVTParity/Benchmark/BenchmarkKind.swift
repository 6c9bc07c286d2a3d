internal import DVTCore
import DVTSupport

/// How the records of one benchmark are told apart and compared.
package struct BenchmarkKind: Sendable {
    /// The command that writes them.
    package let command: String
    /// The keys that say what was measured; a record has all of them.
    package let identity: [String]
    /// How fast it was, in any unit; nil for a record that does not say it.
    let speed: @Sendable (BenchmarkRecord) -> Double?

    /// Of `dvt bench model`.
    ///
    /// `gmacs` tells a model without reuse from the same with it, and `stage_rows` shares of exits.
    package static let model = BenchmarkKind(
        command: "dvt bench model",
        identity: [
            "model", "measurement", "batch_size", "precision", "kernel_style", "gmacs",
            "stage_rows",
        ], speed: perMedian)

    /// Of `dvt bench kernels`.
    package static let kernels = BenchmarkKind(
        command: "dvt bench kernels",
        identity: ["model", "stage", "operation", "batch_size", "precision", "kernel_style"],
        speed: perMedian)

    /// Of `dvt bench train`.
    package static let training = BenchmarkKind(
        command: "dvt bench train",
        identity: ["model", "measurement", "batch_size", "precision", "kernel_style", "gmacs"],
        speed: perMedian)

    /// Of `dvt bench peak`.
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

/// One record of a benchmark by its keys.
package struct BenchmarkRecord: Sendable {
    private let members: [(key: String, value: JSONValue)]

    /// Creates a record.
    ///
    /// - Parameter members: its keys and values.
    package init(_ members: [(key: String, value: JSONValue)]) {
        self.members = members
    }

    /// The value of a key, or nil.
    subscript(key: String) -> JSONValue? { JSONValue.object(members).member(key) }
}

extension JSONValue {
    fileprivate func member(_ key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    fileprivate var string: String? {
        if case .string(let text) = self { text } else { nil }
    }
}

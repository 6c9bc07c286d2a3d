import DVTCore
import DVTEvaluation
import DVTOutput
import DVTParity
import DVTSupport

/// Prints comparisons as they finish and counts failures.
struct ParityReport {
    private(set) var failed = 0
    private var checked = 0

    static let columns: [OutputColumn] = [
        OutputColumn("check", title: "Check"),
        .number("relative_l2", title: "Relative L2", forPeople: OutputValue.scientific),
        .number("tolerance", title: "Tolerance", forPeople: OutputValue.scientific),
        .number("largest_error", title: "Largest error", forPeople: OutputValue.scientific),
        .number("differing", title: "Differing"),
        OutputColumn("passed", title: "Passed"),
        // The line on standard error has the platform and the driver.
        OutputColumn("device", title: "Device", forPeople: shortName),
    ]

    @Sendable private static func shortName(_ value: OutputValue) -> OutputValue {
        guard case .string(let name) = value, let end = name.firstRange(of: " (") else {
            return value
        }
        return .string(String(name[..<end.lowerBound]))
    }

    var summary: String {
        failed == 0 ? "\(checked) checks passed" : "\(failed) of \(checked) checks FAILED"
    }

    /// Adds the comparison of a tensor or an operation.
    mutating func add(_ comparison: ParityComparison, to writer: RecordWriter) throws {
        count(comparison.passes)
        try writer.write([
            .string(comparison.name), .double(comparison.distance.relativeL2),
            .double(comparison.tolerance), .double(comparison.distance.largestError), .null,
            .bool(comparison.passes), .string(comparison.deviceName),
        ])
    }

    /// Adds the comparison of the exits taken on two backends.
    mutating func add(
        _ decisions: DecisionComparison, sums: SumPrecision, deviceName: String,
        to writer: RecordWriter
    ) throws {
        let passes =
            decisions.differing <= sums.allowedDifferences(of: decisions.decisions)
        count(passes)
        try writer.write([
            .string("exits of \(decisions.decisions) decisions"), .null, .null, .null,
            .int(decisions.differing), .bool(passes), .string(deviceName),
        ])
    }

    private mutating func count(_ passes: Bool) {
        checked += 1
        failed += passes ? 0 : 1
    }
}

import ArgumentParser
import DVTCheckpoints
import DVTCore
import DVTEvaluation
import DVTParity
import DVTSupport

/// Which earlier run a benchmark is compared with.
struct CompareOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Compare with an earlier run's records, printed with --format json or jsonl.",
            discussion: "The column ratio is above 1 where this run is faster.",
            valueName: "file"),
        completion: .file(extensions: ["json", "jsonl"]))
    var compare: String?

    @Option(help: "Fail if a record's ratio is below this, or if there is none.")
    var failBelow: Double?

    func validate() throws {
        guard let failBelow else { return }
        guard compare != nil else {
            throw ValidationError("--fail-below belongs to --compare.")
        }
        guard failBelow > 0, failBelow.isFinite else {
            throw ValidationError("--fail-below takes a number above 0.")
        }
    }

    /// Reads the earlier run's records.
    ///
    /// - Parameter kind: the benchmark.
    /// - Returns: what to compare with, or nil if nothing was named.
    /// - Throws: the file's error, or ``BaselineError``.
    func comparison(of kind: BenchmarkKind) throws -> Comparison? {
        guard let compare else { return nil }
        let file = try MappedFile(path: compare)
        let text = try file.withBytes(in: 0..<file.byteCount) { [UInt8]($0) }
        return Comparison(
            file: compare, failBelow: failBelow,
            baseline: try Baseline(text, origin: compare, kind: kind))
    }
}

/// An earlier run and how much slower this one may be.
struct Comparison {
    let file: String
    let failBelow: Double?
    var baseline: Baseline

    /// Warns if the earlier run was on another device.
    func warn(device: String) {
        for other in baseline.devices.sorted() where other != device {
            printError("warning: \(shown(file)) is of another device: \(printable(other))")
        }
    }

    /// Tells what was compared.
    ///
    /// - Throws: ``ComparisonError`` if this run is slower than is allowed, or nothing matched.
    func conclude() throws {
        printError(
            """
            \(shown(file)): \(baseline.matched) records compared, \(baseline.unmatched) are not in \
            it, \(baseline.unused) of its own were not measured
            """)
        guard let failBelow else { return }
        guard let worst = baseline.worst else {
            throw ComparisonError.nothingMatched(file: file)
        }
        guard worst.ratio >= failBelow else {
            throw ComparisonError.slower(
                record: worst.record, ratio: worst.ratio, limit: failBelow)
        }
    }
}

/// Why a comparison fails.
enum ComparisonError: Error, CustomStringConvertible {
    case nothingMatched(file: String)
    case slower(record: String, ratio: Double, limit: Double)

    var description: String {
        switch self {
        case .nothingMatched(let file):
            """
            no record matches one of \(shown(file)), so --fail-below has nothing to judge; compare \
            a run of the same model, batch sizes and kernel style
            """
        case .slower(let record, let ratio, let limit):
            "\(decimalText(ratio, decimals: 3)) of the baseline's speed is below \(limit): \(record)"
        }
    }
}

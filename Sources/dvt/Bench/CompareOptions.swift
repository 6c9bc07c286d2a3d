import ArgumentParser
import DVTParity
import DVTSupport

/// The earlier run to compare with.
struct CompareOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Compare with an earlier run, saved with --format json or jsonl.",
            discussion: "The column Ratio is above 1 where this run is faster.",
            valueName: "file"),
        completion: .file(extensions: ["json", "jsonl"]))
    var compare: String?

    @Option(
        help: ArgumentHelp(
            "Fail if a ratio is below this, or if no record matches.", valueName: "ratio"))
    var failBelow: Double?

    func validate() throws {
        guard let failBelow else { return }
        guard compare != nil else {
            throw ValidationError("--fail-below requires --compare.")
        }
        guard failBelow > 0, failBelow.isFinite else {
            throw ValidationError("--fail-below takes a number above 0.")
        }
    }

    /// Reads the earlier run's records.
    ///
    /// - Parameter kind: the benchmark.
    /// - Returns: the comparison, or nil without `--compare`.
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

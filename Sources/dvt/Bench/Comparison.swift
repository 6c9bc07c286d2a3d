import DVTParity
import DVTSupport

/// An earlier run and the lowest ratio allowed.
struct Comparison {
    let file: String
    let failBelow: Double?
    var baseline: Baseline

    func warn(devices: Set<String>) {
        for other in baseline.devices.sorted() where !devices.contains(other) {
            printError("warning: \(shown(file)) is from another device: \(printable(other))")
        }
    }

    /// Reports how many records were compared.
    ///
    /// - Throws: ``ComparisonError`` if a ratio is below the limit or no record matches.
    func conclude() throws {
        printError(
            """
            \(shown(file)): \(baseline.matched) records compared; \(baseline.unmatched) only in \
            this run, \(baseline.unused) only in the file
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

enum ComparisonError: Error, CustomStringConvertible {
    case nothingMatched(file: String)
    case slower(record: String, ratio: Double, limit: Double)

    var description: String {
        switch self {
        case .nothingMatched(let file):
            """
            --fail-below: no record matches one in \(shown(file)); compare a run with the same \
            model, batch sizes and kernel style
            """
        case .slower(let record, let ratio, let limit):
            "\(decimalText(ratio, decimals: 3)) of the earlier speed is below \(limit): \(record)"
        }
    }
}

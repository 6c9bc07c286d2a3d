import DVTSupport

/// An unusable baseline file.
package enum BaselineError: Error, Equatable {
    /// The file is not JSON.
    case notJSON(origin: String, reason: String)
    /// The file has no records.
    case empty(origin: String, command: String)
    /// Record `number`, from 1, is not a record of the benchmark.
    case notARecord(origin: String, number: Int, command: String, reason: String)
}

extension BaselineError: CustomStringConvertible {
    /// One line with the file, the problem and the remedy.
    package var description: String {
        switch self {
        case .notJSON(let origin, let reason):
            """
            \(shown(origin)): is not a baseline, \(reason); give what a benchmark printed with \
            --format json or jsonl
            """
        case .empty(let origin, let command):
            """
            \(shown(origin)): holds no records; give what `\(command)` printed with --format json \
            or jsonl
            """
        case .notARecord(let origin, let number, let command, let reason):
            """
            \(shown(origin)): its record \(number) \(reason); give what `\(command)` printed with \
            --format json or jsonl
            """
        }
    }
}

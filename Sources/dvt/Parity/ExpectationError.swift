import DVTSupport

/// A reference file that does not match the comparison.
struct ExpectationError: Error, Equatable, CustomStringConvertible {
    let path: String
    let problem: String

    var description: String { "\(shown(path)): \(problem)" }
}

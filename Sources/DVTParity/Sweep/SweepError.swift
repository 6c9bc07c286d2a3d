import DVTSupport

/// An unusable request for a sweep.
package enum SweepError: Error, Equatable {
    /// A part of a list of sizes is refused.
    case size(option: String, text: String, reason: String)
    /// A value is none of the choices of an option.
    case choice(option: String, text: String, choices: [String])
    /// There are more combinations of sizes than ``SizeList/limit``.
    case tooManyCombinations(what: String)
    /// There is no such operation.
    case unknownOperation(name: String, known: [String])
    /// An option does not apply to the operations.
    case inapplicable(option: String, to: [String], applicable: [String])
    /// An expression of sizes is refused.
    case expression(option: String, text: String, reason: String)
}

extension SweepError: CustomStringConvertible {
    /// One line with the option, the value and the remedy.
    package var description: String {
        switch self {
        case .size(let option, let text, let reason):
            "\(option): \(quoted(text)) \(reason)"
        case .choice(let option, let text, let choices):
            "\(option): \(quoted(text)) is not one of \(choices.joined(separator: ", "))"
        case .tooManyCombinations(let what):
            """
            \(what): more than \(SizeList.limit) combinations of sizes; give fewer sizes, or run \
            several sweeps
            """
        case .unknownOperation(let name, let known):
            """
            there is no operation \(quoted(name)); \
            \(suggestion(for: name, among: known).map { "\($0) " } ?? "")\
            `dvt bench op --list` lists all
            """
        case .inapplicable(let option, let names, let applicable):
            """
            \(option) does not apply to \(names.joined(separator: ", ")), whose options are \
            \(applicable.joined(separator: ", "))
            """
        case .expression(let option, let text, let reason):
            "\(option): \(quoted(text)) \(reason)"
        }
    }
}

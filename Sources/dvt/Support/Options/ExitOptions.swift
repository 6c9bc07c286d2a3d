import ArgumentParser
import DVTModel

/// At which exit images leave.
struct ExitOptions: ParsableArguments {
    @OptionGroup var thresholdOptions: ThresholdOptions

    @Option(
        help: ArgumentHelp(
            "Let every image leave at this exit, from 1; `all`: run all, take the last.",
            valueName: "number|all"))
    var exit: ExitArgument?

    func validate() throws {
        if exit != nil, let option = thresholdOptions.given {
            throw ValidationError("\(option) and --exit contradict each other; give one of them.")
        }
    }

    /// The policy that was asked for, or else the model's own.
    ///
    /// - Parameter model: the model.
    /// - Returns: the policy, which fits the model.
    /// - Throws: ``ModelError/invalidPolicy(reason:)`` if it does not, or the error of a file that
    ///   thresholds are read from.
    func policy(of model: LoadedModel) throws -> ExitPolicy {
        let policy: ExitPolicy =
            switch exit {
            case .number(let number): .exit(number - 1)
            case .all: .allExits
            case nil: try thresholdOptions.policy(of: model) ?? model.card.exitPolicy
            }
        try policy.check(stages: model.configuration.stages.count)
        return policy
    }
}

/// The exit that all images take: a number from 1, or `all`.
enum ExitArgument: ExpressibleByArgument {
    case number(Int)
    case all

    init?(argument: String) {
        if argument.lowercased() == "all" {
            self = .all
        } else if let number = Int(argument), number >= 1 {
            self = .number(number)
        } else {
            return nil
        }
    }
}

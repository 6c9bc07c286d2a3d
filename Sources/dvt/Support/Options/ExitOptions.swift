import ArgumentParser
import DVTModel

/// The exit policy of a command.
struct ExitOptions: ParsableArguments {
    @OptionGroup var thresholdOptions: ThresholdOptions

    @Option(
        help: ArgumentHelp(
            "Exit of all images, from 1; all: run every exit and take the last.",
            valueName: "number|all"))
    var exit: ExitArgument?

    func validate() throws {
        if exit != nil, let option = thresholdOptions.given {
            throw ValidationError("\(option) and --exit are mutually exclusive; give one of them.")
        }
    }

    /// The requested policy, or the model's own.
    ///
    /// - Parameter model: the model.
    /// - Returns: a policy that matches the model.
    /// - Throws: ``ModelError/invalidPolicy(reason:)`` if it does not match, or the error of a
    ///   calibration file.
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

/// A fixed exit: a number from 1, or `all`.
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

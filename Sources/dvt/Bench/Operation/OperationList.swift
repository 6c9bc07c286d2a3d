import DVTOperations
import DVTOutput
import DVTSupport

/// `dvt bench op --list`: the operations with their options and defaults.
enum OperationList {
    static let columns: [OutputColumn] = [
        OutputColumn("operation", title: "Operation"),
        OutputColumn("option", title: "Option"),
        OutputColumn("default", title: "Default"),
        OutputColumn("values", title: "Values"),
        OutputColumn("summary", title: "What it computes"),
    ]

    /// A row per option of each operation.
    ///
    /// - Parameter operations: the operations.
    /// - Returns: the values of ``columns``.
    static func rows(_ operations: [NamedOperation]) -> [[OutputValue]] {
        operations.flatMap { operation in
            operation.parameters.map { parameter in
                [
                    .string(operation.name), .string(parameter.option), standard(parameter),
                    .string(values(parameter)), .string(operation.summary),
                ]
            }
        }
    }

    private static func standard(_ parameter: OperationParameter) -> OutputValue {
        switch parameter.standard {
        case .value(let value): OutputValue(value)
        case .same(let key): .string(OperationParameter.option(key))
        }
    }

    private static func values(_ parameter: OperationParameter) -> String {
        switch parameter.domain {
        case .size(let range): "\(range.lowerBound)..\(range.upperBound)"
        case .choice(let choices): choices.joined(separator: ", ")
        }
    }
}

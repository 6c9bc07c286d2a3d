internal import DVTCore
package import DVTOperations
import DVTSupport

/// An operation at all combinations of the given sizes.
package struct OperationSweep: Sendable {
    /// The operation.
    package let named: NamedOperation
    /// The combinations; the last parameter varies fastest.
    package let combinations: [OperationValues]

    /// Looks operations up and combines their sizes.
    ///
    /// - Parameters:
    ///   - names: the operations' names.
    ///   - given: the text of each option that was given, by the key of its parameter.
    /// - Returns: a sweep per operation, in order.
    /// - Throws: ``SweepError`` if there is no such operation, an option applies to none of them, a
    ///   value is refused, or there are too many combinations.
    package static func sweeps(
        of names: [String], given: [(key: String, text: String)]
    ) throws -> [OperationSweep] {
        let operations = try names.map { name in
            guard let operation = NamedOperation.named(name) else {
                throw SweepError.unknownOperation(
                    name: name, known: NamedOperation.all.map(\.name))
            }
            return operation
        }
        let parameters = operations.flatMap(\.parameters)
        for (key, _) in given where !parameters.contains(where: { $0.key == key }) {
            var seen: Set<String> = []
            throw SweepError.inapplicable(
                option: OperationParameter.option(key), to: names,
                applicable: parameters.map(\.option).filter { seen.insert($0).inserted })
        }
        return try operations.map { try OperationSweep($0, given: given) }
    }

    private init(_ named: NamedOperation, given: [(key: String, text: String)]) throws {
        self.named = named
        var combinations: [[String: OperationValue]] = [[:]]
        for parameter in named.parameters {
            let texts = given.filter { $0.key == parameter.key }.map(\.text)
            guard !texts.isEmpty else { continue }
            let values = try texts.flatMap { try parameter.values($0) }
            guard combinations.count * values.count <= SizeList.limit else {
                throw SweepError.tooManyCombinations(what: named.name)
            }
            combinations = combinations.flatMap { combination in
                values.map { combination.merging([parameter.key: $0]) { $1 } }
            }
        }
        self.combinations = combinations.map { OperationValues(named.parameters, given: $0) }
    }

    /// The operations, each at one combination.
    ///
    /// - Returns: the operations in the order of ``combinations``.
    /// - Throws: ``NamedOperationError`` if sizes do not fit each other or a tensor is too large.
    package func operations() throws -> [any NetworkOperation] {
        try combinations.map { try named.operation($0) }
    }

    /// The keys of the parameters with more than one value in the combinations.
    package var varying: [String] {
        named.parameters.map(\.key).filter { key in Set(combinations.map { $0[key] }).count > 1 }
    }
}

extension OperationParameter {
    /// The values of an option's text.
    fileprivate func values(_ text: String) throws -> [OperationValue] {
        switch domain {
        case .size(let range):
            return try SizeList(text, option: option, in: range).values.map(OperationValue.size)
        case .choice(let choices):
            return try text.split(separator: ",", omittingEmptySubsequences: false).map { word in
                guard choices.contains(String(word)) else {
                    throw SweepError.choice(option: option, text: String(word), choices: choices)
                }
                return .choice(String(word))
            }
        }
    }
}

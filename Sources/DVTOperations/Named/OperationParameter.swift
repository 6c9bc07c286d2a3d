/// A size or a choice of an operation, set by an option of the same name.
package struct OperationParameter: Sendable {
    /// The values it takes.
    package enum Domain: Sendable {
        /// Integers.
        case size(ClosedRange<Int>)
        /// Words.
        case choice([String])
    }

    /// The value where none is given.
    package enum Default: Sendable {
        case value(OperationValue)
        /// The value of another parameter.
        case same(as: String)
    }

    /// The name for machines, for example `head_width`.
    package let key: String
    /// The values it takes.
    package let domain: Domain
    /// The value where none is given.
    package let standard: Default

    /// The option that sets it, for example `--head-width`.
    package var option: String { Self.option(key) }

    /// The option that sets the parameter with a key.
    ///
    /// - Parameter key: the key.
    /// - Returns: the option's name.
    package static func option(_ key: String) -> String {
        "--" + key.split(separator: "_").joined(separator: "-")
    }

    static func size(
        _ key: String, _ standard: Int, _ range: ClosedRange<Int> = 1...1 << 20
    ) -> Self {
        Self(key: key, domain: .size(range), standard: .value(.size(standard)))
    }

    static func size(
        _ key: String, sameAs other: String, _ range: ClosedRange<Int> = 1...1 << 20
    ) -> Self {
        Self(key: key, domain: .size(range), standard: .same(as: other))
    }

    static func choice(_ key: String, _ standard: String, of choices: [String]) -> Self {
        Self(key: key, domain: .choice(choices), standard: .value(.choice(standard)))
    }

    static func flag(_ key: String, _ standard: Bool) -> Self {
        choice(key, standard ? "on" : "off", of: ["on", "off"])
    }
}

/// The value of a parameter.
package enum OperationValue: Hashable, Sendable {
    case size(Int)
    case choice(String)
}

extension OperationValue: CustomStringConvertible {
    /// The value as an option takes it.
    package var description: String {
        switch self {
        case .size(let size): "\(size)"
        case .choice(let word): word
        }
    }
}

/// A value for each parameter of an operation.
package struct OperationValues: Hashable, Sendable {
    private let values: [String: OperationValue]

    /// Creates the values of an operation.
    ///
    /// - Parameters:
    ///   - parameters: the operation's parameters.
    ///   - given: values by key; the others are the parameters' defaults.
    package init(_ parameters: [OperationParameter], given: [String: OperationValue] = [:]) {
        var values: [String: OperationValue] = [:]
        for parameter in parameters {
            if case .value(let value) = parameter.standard { values[parameter.key] = value }
            if let value = given[parameter.key] { values[parameter.key] = value }
        }
        for parameter in parameters {
            guard case .same(let key) = parameter.standard, given[parameter.key] == nil else {
                continue
            }
            values[parameter.key] = values[key]
        }
        self.values = values
    }

    /// The value of a parameter, or nil if the operation has no such parameter.
    package subscript(key: String) -> OperationValue? { values[key] }

    func size(_ key: String) -> Int {
        guard case .size(let size) = values[key] else {
            preconditionFailure("no parameter \(key) with a size")
        }
        return size
    }

    func choice(_ key: String) -> String {
        guard case .choice(let word) = values[key] else {
            preconditionFailure("no parameter \(key) with choices")
        }
        return word
    }

    func isOn(_ key: String) -> Bool { choice(key) == "on" }
}

/// One value of a record.
package enum OutputValue: Sendable {
    /// Nothing: `-` for people, `null` in JSON, an empty field in CSV.
    case null
    /// `yes` or `no` for people, `true` or `false` for machines.
    case bool(Bool)
    /// An integer.
    case int(Int)
    /// A number: rounded to its column's decimals for people, whole for machines.
    case double(Double)
    /// Text.
    case string(String)
    /// Several values: joined by a comma and a space for people, by `;` in CSV.
    case array([OutputValue])
    /// Named values in order; JSON text for people and in CSV.
    case object([(key: String, value: OutputValue)])

    /// A float32 as the shortest decimal that stands for it: 0.1 and not 0.10000000149011612.
    ///
    /// - Parameter value: the number.
    /// - Returns: the number as a double of the same decimal.
    package static func float(_ value: Float) -> OutputValue {
        .double(Double("\(value)") ?? Double(value))
    }

    /// A value, or ``null`` for nil.
    ///
    /// - Parameters:
    ///   - value: what there may be.
    ///   - make: the kind of value, for example `OutputValue.int`.
    /// - Returns: the value.
    package static func optional<Value>(
        _ value: Value?, _ make: (Value) -> OutputValue
    ) -> OutputValue {
        value.map(make) ?? .null
    }

    /// Counts from 1 what machines count from 0, as an exit is shown to people.
    ///
    /// - Parameter value: an integer, or an array of them; other values stay.
    /// - Returns: the value for people.
    @Sendable package static func oneBased(_ value: OutputValue) -> OutputValue {
        switch value {
        case .int(let index): .int(index + 1)
        case .array(let values): .array(values.map(oneBased))
        default: value
        }
    }
}

extension OutputValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringInterpolation,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(nilLiteral: ()) {
        self = .null
    }

    package init(booleanLiteral value: Bool) {
        self = .bool(value)
    }

    package init(integerLiteral value: Int) {
        self = .int(value)
    }

    package init(floatLiteral value: Double) {
        self = .double(value)
    }

    package init(stringLiteral value: String) {
        self = .string(value)
    }

    package init(arrayLiteral elements: OutputValue...) {
        self = .array(elements)
    }

    package init(dictionaryLiteral elements: (String, OutputValue)...) {
        self = .object(elements.map { (key: $0.0, value: $0.1) })
    }
}

/// A JSON value.
package enum JSONValue: Sendable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number written as an integer that fits `Int`.
    case int(Int)
    /// Any other number.
    case double(Double)
    /// Text.
    case string(String)
    /// Values in order.
    case array([JSONValue])
    /// Named values in order.
    case object([(key: String, value: JSONValue)])

    /// The number, integer or not, or nil.
    package var number: Double? {
        switch self {
        case .int(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    /// A float32 as its shortest decimal: 0.1 and not 0.10000000149011612.
    package static func float(_ value: Float) -> JSONValue {
        .double(Double("\(value)") ?? Double(value))
    }

    /// A value, or ``null`` for nil.
    ///
    /// - Parameters:
    ///   - value: the optional value.
    ///   - make: converts it, for example `JSONValue.int`.
    /// - Returns: the converted value.
    package static func optional<Value>(
        _ value: Value?, _ make: (Value) -> JSONValue
    ) -> JSONValue {
        value.map(make) ?? .null
    }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral,
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

    package init(arrayLiteral elements: JSONValue...) {
        self = .array(elements)
    }

    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { (key: $0.0, value: $0.1) })
    }
}

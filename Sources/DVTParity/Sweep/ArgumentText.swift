import DVTSupport

/// An argument of a kernel as text: `buffer:TYPE:COUNT`, `local:BYTES` or `TYPE:VALUE`.
package struct ArgumentText: Equatable, Sendable {
    /// What the argument is.
    package enum Kind: Equatable, Sendable {
        /// A buffer of `count` elements.
        case buffer(ScalarType, count: SizeExpression)
        /// Local memory of a work-group, in bytes.
        case local(SizeExpression)
        /// An integer.
        case integer(ScalarType, SizeExpression)
        /// A negative integer.
        case negative(ScalarType, Int)
        /// A number of a floating-point type.
        case number(ScalarType, Double)
    }

    /// The argument as it was written.
    package let text: String
    /// What it is.
    package let kind: Kind

    /// Parses an argument.
    ///
    /// - Parameters:
    ///   - text: the argument.
    ///   - names: the sizes that counts may use.
    /// - Throws: ``SweepError/expression(option:text:reason:)``.
    package init(_ text: String, names: [String]) throws(SweepError) {
        self.text = text
        let parts = text.split(
            separator: ":", maxSplits: 2, omittingEmptySubsequences: false
        ).map(String.init)
        switch (parts[0], parts.count) {
        case ("buffer", 3):
            let type = try Self.type(parts[1], of: text)
            kind = .buffer(type, count: try Self.size(parts[2], names))
        case ("local", 2):
            kind = .local(try Self.size(parts[1], names))
        case (_, 2) where parts[0] != "buffer":
            kind = try Self.value(parts[1], Self.type(parts[0], of: text), of: text, names: names)
        default:
            throw Self.refused(text, "is not buffer:TYPE:COUNT, local:BYTES or TYPE:VALUE")
        }
    }

    private static func size(
        _ text: String, _ names: [String]
    ) throws(SweepError) -> SizeExpression {
        try SizeExpression(text, option: "--arg", names: names)
    }

    private static func value(
        _ value: String, _ type: ScalarType, of text: String, names: [String]
    ) throws(SweepError) -> Kind {
        if type.isFloatingPoint {
            guard let number = Double(value) else {
                throw refused(text, "has no number of type \(type.rawValue)")
            }
            return .number(type, number)
        }
        if value.hasPrefix("-") {
            guard let number = Int(value), type.holds(number) else {
                throw refused(text, "is no \(type.rawValue)")
            }
            return .negative(type, number)
        }
        return .integer(type, try size(value, names))
    }

    private static func type(_ name: String, of text: String) throws(SweepError) -> ScalarType {
        guard let type = ScalarType(rawValue: name) else {
            let known = ScalarType.allCases.map(\.rawValue).joined(separator: ", ")
            throw refused(text, "has the type \(quoted(name)); types are \(known)")
        }
        return type
    }

    private static func refused(_ text: String, _ reason: String) -> SweepError {
        .expression(option: "--arg", text: text, reason: reason)
    }
}

/// A scalar type of OpenCL C.
package enum ScalarType: String, CaseIterable, Sendable {
    case char, uchar, short, ushort, int, uint, long, ulong, half, float, double

    /// The bytes of a value.
    package var byteCount: Int {
        switch self {
        case .char, .uchar: 1
        case .short, .ushort, .half: 2
        case .int, .uint, .float: 4
        case .long, .ulong, .double: 8
        }
    }

    /// Whether it holds fractions.
    package var isFloatingPoint: Bool { self == .half || self == .float || self == .double }

    /// Whether an integer fits an integer type.
    ///
    /// - Parameter value: the integer.
    /// - Returns: false for numbers that the type would truncate.
    package func holds(_ value: Int) -> Bool {
        switch self {
        case .char: Int8(exactly: value) != nil
        case .uchar: UInt8(exactly: value) != nil
        case .short: Int16(exactly: value) != nil
        case .ushort: UInt16(exactly: value) != nil
        case .int: Int32(exactly: value) != nil
        case .uint: UInt32(exactly: value) != nil
        case .long: true
        case .ulong: value >= 0
        case .half, .float, .double: false
        }
    }

    /// The bytes of an integer, lowest first.
    ///
    /// - Parameter value: an integer that the type holds.
    /// - Returns: ``byteCount`` bytes.
    package func bytes(_ value: Int) -> [UInt8] {
        (0..<byteCount).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    /// The bytes of a number of a floating-point type, lowest first.
    ///
    /// - Parameter value: the number.
    /// - Returns: ``byteCount`` bytes.
    package func bytes(_ value: Double) -> [UInt8] {
        let bits =
            switch self {
            case .half: UInt64(Float16(value).bitPattern)
            case .float: UInt64(Float(value).bitPattern)
            default: value.bitPattern
            }
        return (0..<byteCount).map { UInt8(truncatingIfNeeded: bits >> (8 * UInt64($0))) }
    }
}

internal import DVTCore
import DVTSupport

/// A strict reader of a JSON object that reports unknown entries.
package struct DescriptionReader {
    /// Makes an error from a file's path and a reason.
    package typealias Fault = @Sendable (_ origin: String, _ reason: String) -> any Error

    /// The largest count or size.
    static let limit = 1 << 24

    private let origin: String
    private let makeFault: Fault
    /// The prefix of the object's entries in messages, for example `stages[0].`.
    private let path: String
    private var members: [String: JSONValue]
    private var known: [String] = []

    /// Creates a reader.
    ///
    /// - Parameters:
    ///   - value: the object.
    ///   - origin: the file, for messages.
    ///   - path: the prefix of the object's entries in messages, with a period at its end.
    ///   - fault: creates all errors; by default ``ModelError/invalidDescription(origin:reason:)``.
    /// - Throws: the error of `fault` if the value is not an object.
    package init(
        _ value: JSONValue, origin: String, path: String = "",
        fault: @escaping Fault = { ModelError.invalidDescription(origin: $0, reason: $1) }
    ) throws {
        self.origin = origin
        self.path = path
        makeFault = fault
        guard case .object(let members) = value else {
            let place = path.isEmpty ? "the text" : String(path.dropLast())
            throw fault(origin, "\(place) is not an object: { \"name\": value, ... }")
        }
        self.members = Dictionary(members.map { ($0.key, $0.value) }) { first, _ in first }
    }

    /// An error about one entry.
    package func fault(_ key: String, _ reason: String) -> any Error {
        makeFault(origin, "\(path)\(key) \(reason)")
    }

    /// The card of the model that an entry names.
    func model(named name: String, key: String) throws -> ModelCard {
        do {
            return try .named(name)
        } catch ModelError.unknownModel {
            throw fault(key, "is \(quoted(name)), which is not a known model; see dvt info")
        }
    }

    /// Accepts an entry under the key that earlier versions wrote.
    ///
    /// - Parameters:
    ///   - former: the former key.
    ///   - key: the current key, which takes precedence.
    package mutating func accept(_ former: String, as key: String) {
        guard let value = members.removeValue(forKey: former) else { return }
        members[key] = members[key] ?? value
    }

    /// Whether an entry that has not been read yet is given.
    func holds(_ key: String) -> Bool {
        switch members[key] {
        case nil, .null: false
        default: true
        }
    }

    /// An entry's value, or nil if it is missing or null.
    package mutating func value(_ key: String) -> JSONValue? {
        known.append(key)
        guard let value = members.removeValue(forKey: key) else { return nil }
        if case .null = value { return nil }
        return value
    }

    /// A count or a size.
    ///
    /// Numbers far larger than any model's are rejected, so that a product of two fits an `Int`.
    package mutating func int(_ key: String) throws -> Int? {
        guard let value = value(key) else { return nil }
        guard case .int(let number) = value, (0...Self.limit).contains(number) else {
            throw fault(key, "is not an integer from 0 to \(Self.limit)")
        }
        return number
    }

    /// A size that is required unless there is a default.
    mutating func int(_ key: String, else other: Int?) throws -> Int {
        guard let number = try int(key) ?? other else { throw fault(key, "is missing") }
        return number
    }

    package mutating func bool(_ key: String) throws -> Bool? {
        guard let value = value(key) else { return nil }
        guard case .bool(let flag) = value else { throw fault(key, "is not true or false") }
        return flag
    }

    package mutating func string(_ key: String) throws -> String? {
        guard let value = value(key) else { return nil }
        guard case .string(let text) = value else { throw fault(key, "is not a string") }
        return text
    }

    /// A list of strings.
    package mutating func strings(_ key: String) throws -> [String]? {
        guard let value = value(key) else { return nil }
        guard case .array(let elements) = value else {
            throw fault(key, "is not a list of strings")
        }
        return try elements.map {
            guard case .string(let text) = $0 else { throw fault(key, "is not a list of strings") }
            return text
        }
    }

    package mutating func number(_ key: String) throws -> Double? {
        guard let value = value(key) else { return nil }
        guard let number = value.number else { throw fault(key, "is not a number") }
        return number
    }

    /// A list of numbers.
    package mutating func numbers(_ key: String) throws -> [Float]? {
        guard let value = value(key) else { return nil }
        guard case .array(let elements) = value else {
            throw fault(key, "is not a list of numbers")
        }
        return try elements.map {
            guard let number = $0.number, Float(number).isFinite else {
                throw fault(key, "is not a list of numbers that float32 holds")
            }
            return Float(number)
        }
    }

    /// Three numbers, for red, green and blue.
    mutating func color(_ key: String) throws -> SIMD3<Float>? {
        guard let values = try numbers(key) else { return nil }
        guard values.count == 3 else {
            throw fault(key, "takes three numbers: red, green and blue")
        }
        return SIMD3(values[0], values[1], values[2])
    }

    /// Three standard deviations, for red, green and blue.
    mutating func deviation(_ key: String) throws -> SIMD3<Float>? {
        guard let values = try color(key) else { return nil }
        guard (0..<3).allSatisfy({ values[$0] > 0 }) else {
            throw fault(key, "takes numbers above 0")
        }
        return values
    }

    /// The fraction of a resized image's side that is cropped.
    mutating func cropFraction(_ key: String) throws -> Double? {
        guard let fraction = try number(key) else { return nil }
        guard ImageNormalization.cropFractions.contains(fraction) else {
            throw fault(key, "is \(fraction), and it takes 0.1 to 1")
        }
        return fraction
    }

    /// A case of an enumeration, by its name.
    package mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ key: String, of type: Choice.Type
    ) throws -> Choice? where Choice.RawValue == String {
        guard let text = try string(key) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw fault(key, "is \(quoted(text)), and it takes \(names)")
        }
        return choice
    }

    /// A list of objects.
    package mutating func objects(_ key: String) throws -> [DescriptionReader]? {
        guard let value = value(key) else { return nil }
        guard case .array(let elements) = value else { throw fault(key, "is not a list") }
        return try elements.enumerated().map {
            try DescriptionReader(
                $0.element, origin: origin, path: "\(path)\(key)[\($0.offset)].",
                fault: makeFault)
        }
    }

    /// An object.
    package mutating func object(_ key: String) throws -> DescriptionReader? {
        try value(key).map { try object($0, named: key) }
    }

    /// A value of this object that must be an object.
    func object(_ value: JSONValue, named key: String) throws -> DescriptionReader {
        try DescriptionReader(
            value, origin: origin, path: "\(path)\(key).", fault: makeFault)
    }

    /// Throws if any entry was not read.
    package func finish() throws {
        guard let extra = members.keys.min() else { return }
        let names = known.sorted().joined(separator: ", ")
        throw makeFault(origin, "\(path)\(printable(extra)) is unknown; there are \(names)")
    }
}

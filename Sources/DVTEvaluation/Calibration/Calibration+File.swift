import DVTCheckpoints
internal import DVTCore
internal import DVTModel
import DVTSupport

extension Calibration {
    /// The size limit of a file in bytes; one with 59 points takes a few thousand.
    private static let byteLimit = 1 << 24

    /// Reads a file.
    ///
    /// - Parameter path: a file written by ``write(to:)``.
    /// - Throws: ``CalibrationError/invalidFile(origin:reason:)`` if an entry is missing, unknown
    ///   or of another kind, or `FileError` if the file cannot be read.
    package init(path: String) throws {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: readFile(path, limit: Self.byteLimit))
        } catch let error as JSONError {
            throw CalibrationError.invalidFile(origin: path, reason: error.description)
        }
        var reader = try DescriptionReader(value, origin: path) { origin, reason in
            CalibrationError.invalidFile(origin: origin, reason: reason)
        }
        try self.init(reading: &reader)
        try reader.finish()
    }

    private init(reading reader: inout DescriptionReader) throws {
        model = try reader.string("model")
        let criterion = try reader.required("criterion") {
            try $0.choice($1, of: ExitCriterion.self)
        }
        rule = try reader.required("rule") { try $0.choice($1, of: ThresholdRule.self) }
        exitGigaMultiplyAdds = try reader.required("gflops") { try $0.doubles($1) }
        let exits = exitGigaMultiplyAdds.count
        guard exits >= 2 else { throw reader.fault("gflops", "takes a number for each exit") }
        let temperatures = try reader.doubles("temperatures")
        guard temperatures == nil || temperatures?.count == exits else {
            throw reader.fault("temperatures", "takes \(exits) numbers, as gflops has")
        }
        scoring = ExitScoring(
            criterion: criterion, temperatures: temperatures?.map { Float($0) })
        var described = try reader.required("points") { try $0.objects($1) }
        points = try described.indices.map { try Point(reading: &described[$0], exits: exits) }
        guard !points.isEmpty else { throw reader.fault("points", "is empty") }
    }

    /// Writes a file atomically.
    ///
    /// - Parameter path: the file to create or replace.
    /// - Throws: `FileError` if the system fails to write.
    package func write(to path: String) throws {
        try replaceFile(path, with: json)
    }

    /// The file's text: JSON with one point per line.
    var json: String {
        var members: [(key: String, value: JSONValue)] = [
            ("criterion", .string(scoring.criterion.rawValue)), ("rule", .string(rule.rawValue)),
            ("gflops", .array(exitGigaMultiplyAdds.map(JSONValue.double))),
        ]
        if let model { members.insert(("model", .string(model)), at: 0) }
        if let temperatures = scoring.temperatures {
            members.append(("temperatures", .array(temperatures.map(JSONValue.float))))
        }
        let lines = members.map { "\(jsonString($0.key)): \($0.value.jsonText)" }
        let rows = points.map { "    " + $0.jsonValue.jsonText }
        return """
            {
              \(lines.joined(separator: ",\n  ")),
              "points": [
            \(rows.joined(separator: ",\n"))
              ]
            }

            """
    }
}

extension Calibration.Point {
    fileprivate init(reading reader: inout DescriptionReader, exits: Int) throws {
        budget = try reader.int("p")
        thresholds = try reader.required("thresholds") { try $0.numbers($1) }
        guard thresholds.count == exits else {
            throw reader.fault("thresholds", "has \(thresholds.count) numbers for \(exits) exits")
        }
        accuracy = try reader.required("accuracy") { try $0.number($1) }
        gigaMultiplyAdds = try reader.required("gflops") { try $0.number($1) }
        try reader.finish()
    }

    fileprivate var jsonValue: JSONValue {
        var members: [(key: String, value: JSONValue)] = [
            ("thresholds", .array(thresholds.map(JSONValue.float))),
            ("accuracy", .double(accuracy)), ("gflops", .double(gigaMultiplyAdds)),
        ]
        if let budget { members.insert(("p", .int(budget)), at: 0) }
        return .object(members)
    }
}

extension DescriptionReader {
    /// A required value.
    fileprivate mutating func required<Value>(
        _ key: String, _ read: (inout Self, String) throws -> Value?
    ) throws -> Value {
        guard let value = try read(&self, key) else { throw fault(key, "is missing") }
        return value
    }

    /// A list of numbers above 0.
    fileprivate mutating func doubles(_ key: String) throws -> [Double]? {
        guard let value = value(key) else { return nil }
        guard case .array(let elements) = value,
            elements.allSatisfy({ ($0.number ?? 0) > 0 })
        else { throw fault(key, "is not a list of numbers above 0") }
        return elements.compactMap(\.number)
    }
}

internal import DVTCore
import DVTSupport

/// The records of an earlier run of a benchmark, each compared with at most one of a later run.
package struct Baseline {
    /// The devices that it was measured on.
    package let devices: Set<String>
    /// The records that were compared.
    package private(set) var matched = 0
    /// The later run's records that have none here.
    package private(set) var unmatched = 0
    /// The record with the least ratio, or nil.
    package private(set) var worst: (record: String, ratio: Double)?
    private let kind: BenchmarkKind
    /// The speeds by what was measured, in the file's order: a run may have a record twice.
    private var speeds: [String: [Double]] = [:]

    /// Reads the records of a file.
    ///
    /// - Parameters:
    ///   - text: an array of records in JSON, or JSON lines.
    ///   - origin: what messages call the file.
    ///   - kind: the benchmark.
    /// - Throws: ``BaselineError`` if the file holds anything else, or nothing.
    package init(_ text: [UInt8], origin: String, kind: BenchmarkKind) throws {
        self.kind = kind
        let records: [JSONValue]
        do {
            records = try Self.records(text)
        } catch let error as JSONError {
            throw BaselineError.notJSON(origin: origin, reason: error.description)
        }
        guard !records.isEmpty else {
            throw BaselineError.empty(origin: origin, command: kind.command)
        }
        var devices: Set<String> = []
        for (number, value) in zip(1..., records) {
            func refused(_ reason: String) -> BaselineError {
                .notARecord(
                    origin: origin, number: number, command: kind.command, reason: reason)
            }
            guard case .object(let members) = value else { throw refused("is no object") }
            let record = BenchmarkRecord(members)
            if let missing = (kind.identity + ["device"]).first(where: { record[$0] == nil }) {
                throw refused("has no \(quoted(missing))")
            }
            guard let speed = kind.speed(record), speed.isFinite, speed > 0 else {
                throw refused("has no time or rate above 0")
            }
            speeds[kind.name(record), default: []].append(speed)
            if case .string(let device) = record["device"] { devices.insert(device) }
        }
        self.devices = devices
    }

    /// The values of an array, or of lines.
    private static func records(_ text: [UInt8]) throws -> [JSONValue] {
        var reader = JSONReader(text)
        reader.skipSpace()
        if reader.next == UInt8(ascii: "["), case .array(let values) = try JSONValue(parsing: text)
        {
            return values
        }
        var values: [JSONValue] = []
        while !reader.rest.isEmpty {
            values.append(try reader.readValue())
            reader.skipSpace()
        }
        return values
    }

    /// Compares a record of the later run with its own here, which is then used up.
    ///
    /// - Parameter record: the record.
    /// - Returns: the later run's speed by the baseline's, above 1 if it is faster; nil if there is
    ///   no such record.
    package mutating func ratio(of record: BenchmarkRecord) -> Double? {
        let name = kind.name(record)
        guard let earlier = speeds[name]?.first, let speed = kind.speed(record) else {
            unmatched += 1
            return nil
        }
        speeds[name]?.removeFirst()
        matched += 1
        let ratio = speed / earlier
        if ratio < worst?.ratio ?? .infinity {
            worst = (name, ratio)
        }
        return ratio
    }

    /// The records here that no record of the later run was compared with.
    package var unused: Int { speeds.values.reduce(0) { $0 + $1.count } }
}

extension BenchmarkKind {
    /// What a record measured, for people: its identity.
    fileprivate func name(_ record: BenchmarkRecord) -> String {
        identity.map { "\($0) \(record[$0]?.jsonText ?? "null")" }.joined(separator: ", ")
    }
}

/// A file that is no baseline.
package enum BaselineError: Error, Equatable {
    /// The file is not JSON.
    case notJSON(origin: String, reason: String)
    /// It has no records.
    case empty(origin: String, command: String)
    /// Its record `number`, from 1, is none of the benchmark's.
    case notARecord(origin: String, number: Int, command: String, reason: String)
}

extension BaselineError: CustomStringConvertible {
    /// One line for people.
    package var description: String {
        switch self {
        case .notJSON(let origin, let reason):
            """
            \(shown(origin)): is no baseline, \(reason); give what a benchmark printed with \
            --format json or jsonl
            """
        case .empty(let origin, let command):
            """
            \(shown(origin)): holds no records; give what `\(command)` printed with --format json \
            or jsonl
            """
        case .notARecord(let origin, let number, let command, let reason):
            """
            \(shown(origin)): its record \(number) \(reason); give what `\(command)` printed with \
            --format json or jsonl
            """
        }
    }
}

import DVTSupport

/// The records of an earlier benchmark run, each compared with at most one record of a later run.
package struct Baseline {
    /// The devices of the records.
    package let devices: Set<String>
    /// The number of compared records.
    package private(set) var matched = 0
    /// The number of later records without a counterpart.
    package private(set) var unmatched = 0
    /// The record with the lowest speed ratio, or nil.
    package private(set) var worst: (record: String, ratio: Double)?
    private let kind: BenchmarkKind
    /// The speeds by record name in file order; a run may repeat a record.
    private var speeds: [String: [Double]] = [:]

    /// Reads the records of a file.
    ///
    /// - Parameters:
    ///   - text: a JSON array of records, or JSON lines.
    ///   - origin: the name of the file in messages.
    ///   - kind: the benchmark that wrote the file.
    /// - Throws: ``BaselineError`` if the file is empty or holds anything else.
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
            guard case .object(let members) = value else { throw refused("is not an object") }
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

    /// Parses a JSON array or JSON lines.
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

    /// Compares a record of the later run with its counterpart, which is then consumed.
    ///
    /// - Parameter record: the record of the later run.
    /// - Returns: the later speed divided by the baseline's, above 1 if faster; nil without a
    ///   counterpart.
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

    /// The number of records not compared.
    package var unused: Int { speeds.values.reduce(0) { $0 + $1.count } }
}

extension BenchmarkKind {
    /// The identity of a record as text.
    fileprivate func name(_ record: BenchmarkRecord) -> String {
        identity.map { "\($0) \(record[$0]?.jsonText ?? "null")" }.joined(separator: ", ")
    }
}

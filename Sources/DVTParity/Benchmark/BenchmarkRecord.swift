import DVTSupport

/// One record of a benchmark.
package struct BenchmarkRecord: Sendable {
    private let members: [(key: String, value: JSONValue)]

    /// Creates a record.
    ///
    /// - Parameter members: the keys and values.
    package init(_ members: [(key: String, value: JSONValue)]) {
        self.members = members
    }

    /// The value of a key, or nil.
    subscript(key: String) -> JSONValue? { JSONValue.object(members).member(key) }
}

extension JSONValue {
    func member(_ key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    var string: String? {
        if case .string(let text) = self { text } else { nil }
    }
}

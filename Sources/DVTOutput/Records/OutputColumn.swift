import DVTSupport

/// One column of a table, one key of a JSON object.
package struct OutputColumn: Sendable {
    /// Where a cell's text stands in its column.
    package enum Alignment: Sendable {
        /// At the left, as text.
        case leading
        /// At the right, as numbers.
        case trailing
    }

    /// Who sees a column.
    package enum Audience: Sendable {
        /// Every format has it.
        case everyone
        /// Only JSON and CSV have it: raw samples, for example.
        case machines
        /// Only tables have it: a text that sums up several columns, for example.
        case people
    }

    /// The name for machines, for example `step_time_ms`.
    package let key: String
    /// The name for people.
    package let title: String
    /// Where the text stands.
    package let alignment: Alignment
    /// The digits after the point that people see of a ``OutputValue/double(_:)``.
    package let decimals: Int
    /// Who sees it.
    package let audience: Audience
    /// Turns a value into what people see in its place.
    package let forPeople: @Sendable (OutputValue) -> OutputValue

    /// Creates a column.
    ///
    /// - Parameters:
    ///   - key: the name for machines.
    ///   - title: the name for people; nil means the key.
    ///   - alignment: where the text stands.
    ///   - decimals: the digits after the point that people see.
    ///   - audience: who sees it.
    ///   - forPeople: turns a value into what people see in its place, for example
    ///     ``OutputValue/oneBased(_:)``.
    package init(
        _ key: String, title: String? = nil, alignment: Alignment = .leading, decimals: Int = 2,
        audience: Audience = .everyone,
        forPeople: @escaping @Sendable (OutputValue) -> OutputValue = { $0 }
    ) {
        self.key = key
        self.title = title ?? key
        self.alignment = alignment
        self.decimals = decimals
        self.audience = audience
        self.forPeople = forPeople
    }

    /// Creates a column of numbers, which stand at the right.
    ///
    /// - Parameters:
    ///   - key: the name for machines.
    ///   - title: the name for people; nil means the key.
    ///   - decimals: the digits after the point that people see.
    ///   - audience: who sees it.
    ///   - forPeople: turns a value into what people see in its place.
    /// - Returns: the column.
    package static func number(
        _ key: String, title: String? = nil, decimals: Int = 2, audience: Audience = .everyone,
        forPeople: @escaping @Sendable (OutputValue) -> OutputValue = { $0 }
    ) -> OutputColumn {
        OutputColumn(
            key, title: title, alignment: .trailing, decimals: decimals, audience: audience,
            forPeople: forPeople)
    }

    /// The text that people see for a value.
    func shown(_ value: OutputValue) -> String {
        forPeople(value).textForPeople(decimals: decimals)
    }
}

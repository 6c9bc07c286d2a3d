import DVTSupport

/// A column of a table, or a key of a JSON object.
package struct OutputColumn: Sendable {
    /// The alignment of a cell's text.
    package enum Alignment: Sendable {
        /// Left, for text.
        case leading
        /// Right, for numbers.
        case trailing
    }

    /// Which formats include a column.
    package struct Audience: OptionSet, Sendable {
        package let rawValue: Int

        package init(rawValue: Int) {
            self.rawValue = rawValue
        }

        /// Tables only, for example a summary of several columns.
        package static let people = Audience(rawValue: 1)
        /// CSV only, for example one number of a JSON object.
        package static let csv = Audience(rawValue: 2)
        /// JSON and JSON lines only, for example an object of several numbers.
        package static let json = Audience(rawValue: 4)
        /// JSON and CSV only, for example raw samples.
        package static let machines: Audience = [.csv, .json]
        /// Every format.
        package static let everyone: Audience = [.people, .csv, .json]
    }

    /// The name for machines, for example `step_time_ms`.
    package let key: String
    /// The name for people.
    package let title: String
    /// The alignment of the text.
    package let alignment: Alignment
    /// The decimals shown to people of a ``OutputValue/double(_:)``.
    package let decimals: Int
    /// Which formats include it.
    package let audience: Audience
    /// Converts a value to the one shown to people.
    package let forPeople: @Sendable (OutputValue) -> OutputValue

    /// Creates a column.
    ///
    /// - Parameters:
    ///   - key: the name for machines.
    ///   - title: the name for people; nil means the key.
    ///   - alignment: the alignment of the text.
    ///   - decimals: the decimals shown to people.
    ///   - audience: which formats include it.
    ///   - forPeople: converts a value to the one shown to people, for example
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

    /// Creates a right-aligned column of numbers.
    ///
    /// - Parameters:
    ///   - key: the name for machines.
    ///   - title: the name for people; nil means the key.
    ///   - decimals: the decimals shown to people.
    ///   - audience: which formats include it.
    ///   - forPeople: converts a value to the one shown to people.
    /// - Returns: the column.
    package static func number(
        _ key: String, title: String? = nil, decimals: Int = 2, audience: Audience = .everyone,
        forPeople: @escaping @Sendable (OutputValue) -> OutputValue = { $0 }
    ) -> OutputColumn {
        OutputColumn(
            key, title: title, alignment: .trailing, decimals: decimals, audience: audience,
            forPeople: forPeople)
    }

    /// The text shown to people for a value.
    func shown(_ value: OutputValue) -> String {
        forPeople(value).textForPeople(decimals: decimals)
    }
}

import DVTCore
import DVTSupport

/// One value of a record: JSON for machines, text for people.
///
/// Null is `-` for people and an empty field in CSV; true and false are `yes` and `no`; numbers are
/// rounded to their column's decimals; arrays are joined by a comma and a space, in CSV by `;`;
/// objects are JSON text.
package typealias OutputValue = JSONValue

extension OutputValue {
    /// Converts an index from 0 to one from 1, as exits are numbered for people.
    ///
    /// - Parameter value: an integer or an array of integers; other values are unchanged.
    /// - Returns: the value for people.
    @Sendable package static func oneBased(_ value: OutputValue) -> OutputValue {
        switch value {
        case .int(let index): .int(index + 1)
        case .array(let values): .array(values.map(oneBased))
        default: value
        }
    }
}

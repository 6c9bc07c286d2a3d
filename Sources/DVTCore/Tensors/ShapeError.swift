/// Shapes or sizes that cannot be combined.
public enum ShapeError: Error, Equatable, Sendable {
    /// `name` must have shape `expected` but has `actual`.
    case mismatch(name: String, expected: Shape, actual: Shape)
    /// `name` violates the rule that `reason` states, with the numbers.
    case invalid(name: String, reason: String)
}

extension ShapeError: CustomStringConvertible {
    /// One line with the tensor's name and both shapes or the violated rule.
    public var description: String {
        switch self {
        case .mismatch(let name, let expected, let actual):
            "\(name) has shape \(actual), but \(expected) is needed"
        case .invalid(let name, let reason):
            "\(name): \(reason)"
        }
    }
}

/// Checks that a tensor has the shape that an operation requires.
///
/// - Parameters:
///   - name: the tensor's name, for the message.
///   - actual: the tensor's shape.
///   - expected: the required shape.
/// - Throws: ``ShapeError/mismatch(name:expected:actual:)`` if they differ.
package func requireShape(
    _ name: String, _ actual: Shape, _ expected: Shape
) throws(ShapeError) {
    guard actual == expected else {
        throw .mismatch(name: name, expected: expected, actual: actual)
    }
}

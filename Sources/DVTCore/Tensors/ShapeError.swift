/// Shapes or sizes that cannot be combined.
public enum ShapeError: Error, Equatable, Sendable {
    /// `name` must have shape `expected` but has `actual`.
    case mismatch(name: String, expected: Shape, actual: Shape)
    /// `name` breaks a rule that `reason` states in full, with the numbers.
    case invalid(name: String, reason: String)
}

extension ShapeError: CustomStringConvertible {
    /// One line that names the tensor, both shapes or the rule broken.
    public var description: String {
        switch self {
        case .mismatch(let name, let expected, let actual):
            "\(name) has shape \(actual), but \(expected) is needed"
        case .invalid(let name, let reason):
            "\(name): \(reason)"
        }
    }
}

/// Checks one tensor's shape against what an operation needs.
///
/// - Parameters:
///   - name: the tensor's name, for the message.
///   - actual: the shape it has.
///   - expected: the shape it must have.
/// - Throws: ``ShapeError/mismatch(name:expected:actual:)`` if they differ.
package func requireShape(
    _ name: String, _ actual: Shape, _ expected: Shape
) throws(ShapeError) {
    guard actual == expected else {
        throw .mismatch(name: name, expected: expected, actual: actual)
    }
}

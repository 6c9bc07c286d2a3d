import DVTCore

/// An operation of the network whose sizes are chosen by name.
package struct NamedOperation: Sendable {
    /// The name, for example `linear`.
    package let name: String
    /// What it computes, in a few words.
    package let summary: String
    /// The sizes and choices, in the order of its label.
    package let parameters: [OperationParameter]
    /// The extents of its larger tensors.
    let tensors: @Sendable (OperationValues) -> [[Int]]
    /// Why some values do not fit each other, or nil.
    var conflict: @Sendable (OperationValues) -> String? = { _ in nil }
    let build: @Sendable (OperationValues) -> any NetworkOperation

    /// Describes the operation at the given values.
    ///
    /// - Parameter values: the values of ``parameters``, each within its domain.
    /// - Returns: the operation.
    /// - Throws: ``NamedOperationError`` if the values do not fit each other or a tensor has too
    ///   many elements.
    package func operation(
        _ values: OperationValues
    ) throws(NamedOperationError) -> any NetworkOperation {
        let reason = tooLarge(values) ?? conflict(values)
        if let reason {
            throw NamedOperationError(label: label(values), reason: reason)
        }
        return build(values)
    }

    /// The name and the values, for messages.
    ///
    /// - Parameter values: the values.
    /// - Returns: one line.
    package func label(_ values: OperationValues) -> String {
        let texts = parameters.compactMap { parameter in
            values[parameter.key].map { "\(parameter.key)=\($0)" }
        }
        return ([name] + texts).joined(separator: " ")
    }

    /// Kernels count elements in 32 bits.
    ///
    /// The product is computed in Double, which cannot overflow.
    private func tooLarge(_ values: OperationValues) -> String? {
        let limit = Double(Int32.max)
        let largest = tensors(values).first { $0.reduce(1) { $0 * Double($1) } > limit }
        return largest.map {
            """
            a tensor of \($0.map(String.init).joined(separator: " x ")) elements exceeds the \
            kernels' limit of \(Int32.max); use smaller sizes
            """
        }
    }
}

/// Sizes that an operation cannot have.
package struct NamedOperationError: Error, Equatable, CustomStringConvertible {
    /// The operation and its sizes.
    package let label: String
    /// The problem and the remedy.
    package let reason: String

    /// Creates an error.
    ///
    /// - Parameters:
    ///   - label: the operation and its sizes.
    ///   - reason: the problem and the remedy.
    package init(label: String, reason: String) {
        self.label = label
        self.reason = reason
    }

    /// One line.
    package var description: String { "\(label): \(reason)" }
}

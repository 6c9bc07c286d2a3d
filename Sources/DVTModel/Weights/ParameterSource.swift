public import DVTCore

/// A source of a model's parameters.
public protocol ParameterSource {
    /// Checks that every parameter of a model is available, before any is read.
    ///
    /// - Parameter configuration: the model.
    /// - Throws: ``ModelError/weightsMismatch(origin:model:reason:)`` if not.
    func check(_ configuration: CascadeConfiguration) throws

    /// Reads one parameter.
    ///
    /// - Parameters:
    ///   - parameter: the parameter.
    ///   - configuration: the model it belongs to.
    /// - Returns: its values, with the specified shape.
    /// - Throws: the source's own error.
    func tensor(
        _ parameter: ParameterSpecification, of configuration: CascadeConfiguration
    ) throws -> Tensor
}

/// Weights that can be written to a checkpoint.
package protocol StoredParameterSource: ParameterSource {
    /// The tensors of a checkpoint that hold a parameter.
    ///
    /// - Parameters:
    ///   - parameter: the parameter.
    ///   - configuration: the model it belongs to.
    /// - Returns: one part, or several to concatenate by rows.
    func parts(
        of parameter: ParameterSpecification, in configuration: CascadeConfiguration
    ) -> [ParameterPart]
}

/// Stored weights that need not fit a model exactly.
package protocol AdaptableWeights: ParameterSource {
    /// The file that holds a parameter, for messages.
    func origin(of parameter: ParameterSpecification) -> String

    /// What is done with the tensors besides reading them, one line each, for messages.
    ///
    /// - Parameter configuration: the model.
    /// - Returns: the lines.
    /// - Throws: ``ModelError`` if the model has no such stage alone.
    func notes(for configuration: CascadeConfiguration) throws -> [String]

    /// The tensors that no parameter of a model is read from, one line, for messages; empty if all
    /// have a place or are known to be no parameters.
    ///
    /// - Parameter configuration: the model.
    /// - Returns: their number, the first of them, and what their names say.
    /// - Throws: ``ModelError`` if the model has no such stage alone.
    func leftovers(for configuration: CascadeConfiguration) throws -> [String]

    /// Checks the number of attention heads, where the file states it.
    ///
    /// - Parameter configuration: the model.
    /// - Throws: ``ModelError/weightsMismatch(origin:model:reason:)`` if it is another.
    func checkHeads(_ configuration: CascadeConfiguration) throws

    /// The tensors that hold a parameter, with the required shapes and those in the file.
    ///
    /// - Parameters:
    ///   - parameter: the parameter.
    ///   - configuration: the model it belongs to.
    /// - Returns: names and shapes; the actual shape is nil for a missing tensor.
    /// - Throws: ``ModelError`` if the model has no such stage alone.
    func shapes(
        of parameter: ParameterSpecification, in configuration: CascadeConfiguration
    ) throws -> [(name: String, needed: Shape, actual: Shape?)]
}

/// A tensor of a checkpoint that holds a parameter or some of its rows, with its values.
package struct ParameterPart {
    /// The name in the checkpoint.
    package let name: String
    /// The shape in the checkpoint.
    package let shape: Shape
    /// Reads the values.
    package let read: () throws -> Tensor

    init(_ stored: StoredTensor, read: @escaping () throws -> Tensor) {
        name = stored.name
        shape = stored.shape
        self.read = read
    }
}

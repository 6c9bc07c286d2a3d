import DVTCore

/// Where a model's parameters come from.
public protocol ParameterSource {
    /// Checks, before any is read, that every parameter of a model can be had.
    ///
    /// - Parameter configuration: the model.
    /// - Throws: ``ModelError/weightsMismatch(origin:model:reason:)`` if not.
    func check(_ configuration: CascadeConfiguration) throws

    /// Reads one parameter.
    ///
    /// - Parameters:
    ///   - parameter: which one.
    ///   - configuration: the model it belongs to.
    /// - Returns: its values, of the specified shape.
    /// - Throws: the source's own error.
    func tensor(
        _ parameter: ParameterSpecification, of configuration: CascadeConfiguration
    ) throws -> Tensor
}

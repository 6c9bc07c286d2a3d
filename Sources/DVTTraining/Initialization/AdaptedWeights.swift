package import DVTCore
package import DVTModel

/// Initial weights from another model, adapted as in timm.
///
/// A head for other classes is reinitialized, and position embeddings of another grid are resampled
/// bicubically. A missing MLP of relation reuse starts with zero output, so that the cascade starts
/// as it was without. All other parameters must fit.
package struct AdaptedWeights: ParameterSource {
    private let stored: any AdaptableWeights
    private let random: RandomWeights
    private let keepsHeads: Bool

    /// Creates the source.
    ///
    /// - Parameters:
    ///   - stored: the weights of one checkpoint, or of one for each stage.
    ///   - random: the source of a reinitialized head.
    ///   - keepsHeads: whether heads that fit are kept; false if their classes are others.
    package init(
        _ stored: any AdaptableWeights, otherwise random: RandomWeights, keepsHeads: Bool = true
    ) {
        self.stored = stored
        self.random = random
        self.keepsHeads = keepsHeads
    }

    /// Checks that all parameters except heads and position embeddings fit.
    ///
    /// - Parameter configuration: the model.
    /// - Throws: ``TrainingError/unfitWeights(origin:reason:)`` for the first that does not fit,
    ///   ``ModelError/weightsMismatch(origin:model:reason:)`` if the number of heads is another.
    package func check(_ configuration: CascadeConfiguration) throws {
        try stored.checkHeads(configuration)
        for parameter in configuration.parameters { _ = try source(of: parameter, configuration) }
    }

    /// Reads one parameter.
    ///
    /// - Parameters:
    ///   - parameter: the parameter.
    ///   - configuration: the model it belongs to.
    /// - Returns: its values, in the specified shape.
    /// - Throws: ``TrainingError/unfitWeights(origin:reason:)`` if it does not fit, or the file's
    ///   error.
    package func tensor(
        _ parameter: ParameterSpecification, of configuration: CascadeConfiguration
    ) throws -> Tensor {
        switch try source(of: parameter, configuration) {
        case .fitting: return try stored.tensor(parameter, of: configuration)
        case .fresh: return random.tensor(parameter, of: configuration)
        case .zero: return Tensor(parameter.shape, repeating: 0)
        case .resampled(let shape):
            return CubicResampling.antialiased.resampled(
                try stored.tensor(parameter.reshaped(shape), of: configuration),
                to: parameter.shape,
                prefix: configuration.stages[parameter.stage].prefixTokens)
        }
    }

    /// Describes what is done with the tensors, those that are not used, and the parameters that are
    /// adapted, one line each.
    ///
    /// - Parameter configuration: the model.
    /// - Returns: the lines.
    /// - Throws: as ``check(_:)`` does.
    package func changes(for configuration: CascadeConfiguration) throws -> [String] {
        try stored.notes(for: configuration) + stored.leftovers(for: configuration)
            + adaptations(for: configuration)
    }

    private func adaptations(for configuration: CascadeConfiguration) throws -> [String] {
        try configuration.parameters.compactMap { parameter in
            let name = "\(parameter.name) of stage \(parameter.stage + 1)"
            switch try source(of: parameter, configuration) {
            case .fitting: return nil
            case .fresh, .zero: return "\(name) \(parameter.shape) reinitialized"
            case .resampled(let shape): return "\(name) resampled, \(shape) to \(parameter.shape)"
            }
        }
    }

    private enum Source {
        case fitting
        case fresh
        case zero
        case resampled(Shape)
    }

    private func source(
        of parameter: ParameterSpecification, _ configuration: CascadeConfiguration
    ) throws -> Source {
        let shapes = try stored.shapes(of: parameter, in: configuration)
        if parameter.role.isHead, !keepsHeads { return .fresh }
        if shapes.allSatisfy({ $0.actual == $0.needed }) { return .fitting }
        if parameter.role.isHead { return .fresh }
        if parameter.name.hasPrefix("relation_reuse."), shapes.allSatisfy({ $0.actual == nil }) {
            return parameter.name.hasPrefix("relation_reuse.contract.") ? .zero : .fresh
        }
        let prefix = configuration.stages[parameter.stage].prefixTokens
        if parameter.role.isPositions, let shape = shapes.first?.actual, shape.rank == 3,
            shape[0] == 1, shape[2] == parameter.shape[2],
            let patches = [prefix, 1, 0].map({ shape[1] - $0 }).first(where: {
                squareSide($0) != nil
            })
        {
            return .resampled([1, prefix + patches, shape[2]])
        }
        let first = shapes.first { $0.actual != $0.needed }
        let actual = first?.actual.map { "has shape \($0)" } ?? "is missing"
        throw TrainingError.unfitWeights(
            origin: stored.origin(of: parameter),
            reason: """
                \(first?.name ?? parameter.name) \(actual), but \(configuration.name) needs \
                \(first?.needed ?? parameter.shape); only heads and positions are adapted
                """)
    }
}

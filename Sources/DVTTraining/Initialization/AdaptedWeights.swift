package import DVTCore
package import DVTModel
internal import DVTVision

/// Initial weights from another model, adapted as in timm.
///
/// A head for other classes is reinitialized, and position embeddings of another grid
/// are resampled bicubically; all other parameters must fit.
package struct AdaptedWeights: ParameterSource {
    private let stored: CheckpointWeights
    private let random: RandomWeights
    private let keepsHeads: Bool

    /// Creates the source.
    ///
    /// - Parameters:
    ///   - file: the open checkpoint.
    ///   - random: the source of a reinitialized head.
    ///   - keepsHeads: whether heads that fit are kept; false if their classes are others.
    package init(
        _ file: any NamedTensors, otherwise random: RandomWeights, keepsHeads: Bool = true
    ) {
        stored = CheckpointWeights(file)
        self.random = random
        self.keepsHeads = keepsHeads
    }

    /// Checks that all parameters except heads and position embeddings fit.
    ///
    /// - Parameter configuration: the model.
    /// - Throws: ``TrainingError/unfitWeights(origin:reason:)`` for the first that does not fit.
    package func check(_ configuration: CascadeConfiguration) throws {
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
        case .resampled(let shape):
            return try stored.tensor(parameter.reshaped(shape), of: configuration)
                .resampledPositions(to: parameter.shape)
        }
    }

    /// Describes the parameters that are adapted, one line per parameter.
    ///
    /// - Parameter configuration: the model.
    /// - Returns: the lines.
    /// - Throws: as ``check(_:)`` does.
    package func changes(for configuration: CascadeConfiguration) throws -> [String] {
        try configuration.parameters.compactMap { parameter in
            let name = "\(parameter.name) of stage \(parameter.stage + 1)"
            switch try source(of: parameter, configuration) {
            case .fitting: return nil
            case .fresh: return "\(name) \(parameter.shape) reinitialized"
            case .resampled(let shape): return "\(name) resampled, \(shape) to \(parameter.shape)"
            }
        }
    }

    private enum Source {
        case fitting
        case fresh
        case resampled(Shape)
    }

    private func source(
        of parameter: ParameterSpecification, _ configuration: CascadeConfiguration
    ) throws -> Source {
        let shapes = stored.shapes(of: parameter, in: configuration)
        if parameter.role.isHead, !keepsHeads { return .fresh }
        if shapes.allSatisfy({ $0.actual == $0.needed }) { return .fitting }
        if parameter.role.isHead { return .fresh }
        if parameter.role.isPositions, let shape = shapes.first?.actual, shape.rank == 3,
            shape[0] == 1, shape[2] == parameter.shape[2],
            let side = squareSide(shape[1] - 1), side > 0
        {
            return .resampled(shape)
        }
        let first = shapes.first { $0.actual != $0.needed }
        let actual = first?.actual.map { "has shape \($0)" } ?? "is missing"
        throw TrainingError.unfitWeights(
            origin: stored.file.origin,
            reason: """
                \(first?.name ?? parameter.name) \(actual), but \(configuration.name) needs \
                \(first?.needed ?? parameter.shape); only heads and positions are adapted
                """)
    }
}

/// The side of a square with this number of cells, or nil.
private func squareSide(_ count: Int) -> Int? {
    let side = Int(Double(max(count, 0)).squareRoot().rounded())
    return side * side == count ? side : nil
}

extension Tensor {
    /// Resamples position embeddings `[1, N + 1, D]` to another square grid, except that of the
    /// class token.
    fileprivate func resampledPositions(to target: Shape) -> Tensor {
        let width = shape[2]
        guard let source = squareSide(shape[1] - 1), let side = squareSide(target[1] - 1) else {
            preconditionFailure("positions lie on a square grid")
        }
        let taps = ResizeFilter.bicubic.taps(from: source, to: side)
        var values = Array(values[..<width])
        for row in taps {
            for column in taps {
                var sums = [Double](repeating: 0, count: width)
                for (y, a) in row {
                    for (x, b) in column {
                        let start = (1 + y * source + x) * width
                        for index in 0..<width {
                            sums[index] += a * b * Double(self.values[start + index])
                        }
                    }
                }
                values += sums.map { Float($0) }
            }
        }
        return Tensor(target, values: values)
    }
}

package import DVTCore
package import DVTModel

/// Random initial weights for training, determined by a seed.
///
/// Weights of linear layers and convolutions are uniform in `+- 1 / sqrt(fanIn)`, as in PyTorch;
/// biases are 0, LayerNorm weights 1. Class tokens and learned position embeddings are uniform with
/// a standard deviation of 0.02. As in the authors' code, T2T-ViT uses fixed sinusoidal positions,
/// and the random features of a performer are orthogonal rows of length `sqrt(m)`.
package struct RandomWeights: ParameterSource {
    /// The seed.
    package let seed: UInt64

    /// Creates the source.
    ///
    /// - Parameter seed: the seed.
    package init(seed: UInt64) {
        self.seed = seed
    }

    /// Accepts every model.
    ///
    /// - Parameter configuration: the model.
    package func check(_ configuration: CascadeConfiguration) {}

    /// Draws one parameter.
    ///
    /// - Parameters:
    ///   - parameter: the parameter.
    ///   - configuration: the model it belongs to.
    /// - Returns: its values.
    package func tensor(
        _ parameter: ParameterSpecification, of configuration: CascadeConfiguration
    ) -> Tensor {
        let shape = parameter.shape
        let fanIn = Double(shape.elementCount / max(shape[0], 1))
        return switch parameter.role {
        case .weight, .performerWeight, .headWeight:
            uniform(parameter, bound: Float(1 / fanIn.squareRoot()))
        case .bias, .headBias, .normShift: Tensor(shape, repeating: 0)
        case .normScale: Tensor(shape, repeating: 1)
        case .classToken, .positions:
            uniform(parameter, bound: Float(0.02 * 3.0.squareRoot()))
        case .fixedPositions: .sinusoid(shape)
        case .randomFeatures: orthogonalRows(parameter)
        }
    }

    private func uniform(_ parameter: ParameterSpecification, bound: Float) -> Tensor {
        .uniform(
            parameter.shape, name: "start.\(parameter.stage).\(parameter.name)", seed: seed,
            scale: bound)
    }

    /// Rows of length `sqrt(m)`, orthogonalized by Gram-Schmidt in groups of at most the row width.
    private func orthogonalRows(_ parameter: ParameterSpecification) -> Tensor {
        let (count, width) = (parameter.shape[0], parameter.shape[1])
        let drawn = uniform(parameter, bound: 1).values.map(Double.init)
        var rows: [[Double]] = []
        for index in 0..<count {
            var row = Array(drawn[index * width..<(index + 1) * width])
            for other in rows[(index / width * width)...] {
                let product = zip(row, other).reduce(0) { $0 + $1.0 * $1.1 }
                row = zip(row, other).map { $0 - product * $1 }
            }
            let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
            rows.append(row.map { $0 / length })
        }
        let scale = Double(count).squareRoot()
        return Tensor(parameter.shape, values: rows.flatMap { $0.map { Float($0 * scale) } })
    }
}

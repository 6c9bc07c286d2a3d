import DVTCore
import Glibc

extension ReferenceBackend {
    /// Implements ``/DVTCore/Backend/linear(_:_:activation:residual:)``.
    public func linear(
        _ x: ReferenceTensor, _ parameters: LinearParameters<ReferenceTensor>,
        activation: Activation, residual: ReferenceTensor?
    ) throws -> ReferenceTensor {
        let sizes = try LinearSizes(
            x: x.shape, weight: parameters.weight.shape, bias: parameters.bias?.shape,
            residual: residual?.shape)
        let (inputs, outputs) = (sizes.inputs, sizes.outputs)
        let (values, weight) = (x.values, parameters.weight.values)
        let (bias, added) = (parameters.bias?.values, residual?.values)
        return ReferenceTensor(sizes.outputShape, rowWidth: outputs) { row, output in
            for column in output.indices {
                let sum = dot(values, row * inputs, weight, column * inputs, count: inputs)
                let activated = activation(sum + Double(bias?[column] ?? 0))
                output[column] = Float(activated + Double(added?[row * outputs + column] ?? 0))
            }
        }
    }

    /// Implements ``/DVTCore/Backend/layerNorm(_:appending:_:)``.
    public func layerNorm(
        _ x: ReferenceTensor, appending features: ReferenceTensor?,
        _ parameters: LayerNormParameters<ReferenceTensor>
    ) throws -> ReferenceTensor {
        let sizes = try LayerNormSizes(
            x: x.shape, features: features?.shape, weight: parameters.weight.shape,
            bias: parameters.bias.shape)
        let (width, appended) = (sizes.width, sizes.appended)
        let (values, extra) = (x.values, features?.values ?? [])
        let (weight, bias) = (parameters.weight.values, parameters.bias.values)
        let epsilon = Double(parameters.epsilon)
        return ReferenceTensor(sizes.outputShape, rowWidth: width + appended) { row, output in
            let z =
                (values[row * width..<(row + 1) * width]
                + extra[row * appended..<(row + 1) * appended]).map(Double.init)
            let mean = z.reduce(0, +) / Double(z.count)
            let variance = z.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(z.count)
            let scale = 1 / (variance + epsilon).squareRoot()
            for (column, value) in z.enumerated() {
                let normalized = (value - mean) * scale
                output[column] = Float(normalized * Double(weight[column]) + Double(bias[column]))
            }
        }
    }
}

extension Activation {
    /// Applies the activation.
    ///
    /// - Parameter x: the argument.
    /// - Returns: the value at `x`.
    func callAsFunction(_ x: Double) -> Double {
        switch self {
        case .identity: x
        case .gelu: 0.5 * x * (1 + erf(x * 0.5.squareRoot()))
        case .geluTanh:
            0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
        }
    }
}

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
        case .quickGELU: x / (1 + exp(-1.702 * x))
        }
    }
}

import DVTAutodiff
import DVTCore
import Glibc

extension ReferenceBackend {
    package func activate(_ z: ReferenceTensor, _ activation: Activation) -> ReferenceTensor {
        ReferenceTensor(z.shape, z.values.map { Float(activation(Double($0))) })
    }

    package func activationGradient(
        _ dy: ReferenceTensor, at z: ReferenceTensor, _ activation: Activation
    ) throws -> ReferenceTensor {
        try requireShape("dy", dy.shape, z.shape)
        let values = zip(dy.values, z.values).map {
            Float(Double($0) * activation.derivative(at: Double($1)))
        }
        return ReferenceTensor(z.shape, values)
    }

    package func linearInputGradient(
        _ dy: ReferenceTensor, _ layer: LinearParameters<ReferenceTensor>
    ) throws -> ReferenceTensor {
        let sizes = try LinearGradientSizes(dy: dy.shape, weight: layer.weight.shape)
        let (inputs, outputs) = (sizes.inputs, sizes.outputs)
        let (gradients, weights) = (dy.values, layer.weight.values)
        return ReferenceTensor(sizes.inputShape, rowWidth: inputs) { row, dx in
            var sums = [Double](repeating: 0, count: inputs)
            for output in 0..<outputs {
                let gradient = Double(gradients[row * outputs + output])
                for input in 0..<inputs {
                    sums[input] += gradient * Double(weights[output * inputs + input])
                }
            }
            dx.take(sums)
        }
    }

    package func linearParameterGradients(
        _ dy: ReferenceTensor, _ x: ReferenceTensor, hasBias: Bool
    ) throws -> LinearParameters<ReferenceTensor> {
        let sizes = try LinearGradientSizes(dy: dy.shape, x: x.shape)
        let (inputs, outputs) = (sizes.inputs, sizes.outputs)
        let (gradients, values) = (dy.values, x.values)
        let weight = ReferenceTensor([outputs, inputs], rowWidth: inputs) { output, dweight in
            var sums = [Double](repeating: 0, count: inputs)
            for row in 0..<sizes.rows {
                let gradient = Double(gradients[row * outputs + output])
                for input in 0..<inputs {
                    sums[input] += gradient * Double(values[row * inputs + input])
                }
            }
            dweight.take(sums)
        }
        let rows = ReferenceTensor([sizes.rows, outputs], gradients)
        let bias = hasBias ? ReferenceTensor([outputs], sumOverBatch(rows).values) : nil
        return LinearParameters(weight: weight, bias: bias)
    }

    package func layerNormGradients(
        _ dy: ReferenceTensor, _ x: ReferenceTensor, appending features: ReferenceTensor?,
        _ parameters: LayerNormParameters<ReferenceTensor>
    ) throws -> LayerNormGradients<ReferenceTensor> {
        let sizes = try LayerNormSizes(
            x: x.shape, features: features?.shape, weight: parameters.weight.shape,
            bias: parameters.bias.shape)
        try requireShape("dy", dy.shape, sizes.outputShape)
        let (width, columns) = (sizes.width, sizes.width + sizes.appended)
        let (values, extra) = (x.values, features?.values ?? [])
        let (gradients, weight) = (dy.values, parameters.weight.values)
        let epsilon = Double(parameters.epsilon)
        var dx = [Float](repeating: 0, count: sizes.rows * width)
        var dfeatures = [Float](repeating: 0, count: sizes.rows * sizes.appended)
        var dweight = [Double](repeating: 0, count: columns)
        for row in 0..<sizes.rows {
            let z =
                (values[row * width..<(row + 1) * width]
                + extra[row * sizes.appended..<(row + 1) * sizes.appended]).map(Double.init)
            let dy = gradients[row * columns..<(row + 1) * columns].map(Double.init)
            let back = NormalizedRow(z, epsilon: epsilon).gradient(dy, weight: weight)
            for (column, value) in back.input.enumerated() {
                dweight[column] += back.weight[column]
                if column < width {
                    dx[row * width + column] = Float(value)
                } else {
                    dfeatures[row * sizes.appended + column - width] = Float(value)
                }
            }
        }
        let rows = ReferenceTensor([sizes.rows, columns], gradients)
        return LayerNormGradients(
            x: ReferenceTensor(x.shape, dx),
            features: features.map { ReferenceTensor($0.shape, dfeatures) },
            weight: ReferenceTensor([columns], dweight.map { Float($0) }),
            bias: ReferenceTensor([columns], sumOverBatch(rows).values))
    }
}

/// A normalized row of a layer normalization, before scale and shift.
private struct NormalizedRow {
    private let values: [Double]
    private let scale: Double

    init(_ row: [Double], epsilon: Double) {
        let mean = row.reduce(0, +) / Double(row.count)
        let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(row.count)
        let scale = 1 / (variance + epsilon).squareRoot()
        self.scale = scale
        values = row.map { ($0 - mean) * scale }
    }

    /// The gradients of the row and of the scale.
    func gradient(
        _ dy: [Double], weight: [Float]
    ) -> (input: [Double], weight: [Double]) {
        let scaled = zip(dy, weight).map { $0 * Double($1) }
        let mean = scaled.reduce(0, +) / Double(scaled.count)
        let slope = zip(scaled, values).reduce(0) { $0 + $1.0 * $1.1 } / Double(scaled.count)
        let input = zip(scaled, values).map { scale * ($0 - mean - $1 * slope) }
        return (input, zip(dy, values).map { $0 * $1 })
    }
}

extension UnsafeMutableBufferPointer<Float> {
    /// Stores a row of sums, rounded to float32.
    func take(_ sums: [Double]) {
        for (index, sum) in sums.enumerated() {
            self[index] = Float(sum)
        }
    }
}

extension Activation {
    /// The derivative of the activation.
    ///
    /// - Parameter x: the argument.
    /// - Returns: the derivative at `x`.
    func derivative(at x: Double) -> Double {
        switch self {
        case .identity: return 1
        case .gelu:
            let density = exp(-0.5 * x * x) / (2 * Double.pi).squareRoot()
            return 0.5 * (1 + erf(x * 0.5.squareRoot())) + x * density
        case .geluTanh:
            let factor = (2 / Double.pi).squareRoot()
            let t = tanh(factor * (x + 0.044715 * x * x * x))
            let slope = factor * (1 + 3 * 0.044715 * x * x)
            return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * slope
        case .quickGELU:
            let s = 1 / (1 + exp(-1.702 * x))
            return s + 1.702 * x * s * (1 - s)
        }
    }
}

import DVTCore

extension ReferenceBackend {
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

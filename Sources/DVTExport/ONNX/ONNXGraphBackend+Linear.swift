import DVTCore

extension ONNXGraphBackend {
    func layerNorm(
        _ x: ONNXTensor, appending features: ONNXTensor?,
        _ parameters: LayerNormParameters<ONNXTensor>
    ) throws -> ONNXTensor {
        let sizes = try LayerNormSizes(
            x: x.shape, features: features?.shape, weight: parameters.weight.shape,
            bias: parameters.bias.shape)
        let rows = graph.concatenate([x, features].compactMap { $0 }.map(name), axis: -1)
        let normalized = graph.add(
            "LayerNormalization", [rows, name(parameters.weight), name(parameters.bias)],
            [.int("axis", -1), .float("epsilon", parameters.epsilon)])
        return value(normalized, sizes.outputShape)
    }

    func linear(
        _ x: ONNXTensor, _ parameters: LinearParameters<ONNXTensor>, activation: Activation,
        residual: ONNXTensor?
    ) throws -> ONNXTensor {
        let sizes = try LinearSizes(
            x: x.shape, weight: parameters.weight.shape, bias: parameters.bias?.shape,
            residual: residual?.shape)
        var y = graph.add("MatMul", [name(x), try transposedName(parameters.weight)])
        if let bias = parameters.bias { y = graph.add("Add", [y, name(bias)]) }
        y = graph.activated(y, activation)
        if let residual { y = graph.add("Add", [y, name(residual)]) }
        return value(y, sizes.outputShape)
    }

    func relationReuse(
        _ relations: ONNXTensor, _ parameters: RelationReuseParameters<ONNXTensor>,
        activation: Activation
    ) throws -> ONNXTensor {
        _ = try RelationReuseSizes(relations: relations.shape, parameters: parameters)
        let hidden = graph.activated(
            convolution(name(relations), parameters.expand), activation)
        return value(convolution(hidden, parameters.contract), relations.shape)
    }

    func featureReuse(
        _ features: ONNXTensor, _ blocks: [FeatureReuseParameters<ONNXTensor>],
        activation: Activation, resampling: GridResampling
    ) throws -> [ONNXTensor] {
        let matrix = resamplingMatrix(resampling, replacesClassToken: true)
        return try blocks.map { block in
            let sizes = try FeatureReuseSizes(
                features: features.shape, block: block, resampling: resampling)
            let normalized =
                try block.norm.map { try layerNorm(features, appending: nil, $0) } ?? features
            let hidden = try linear(normalized, block.fc1, activation: activation, residual: nil)
            let mixed = try linear(hidden, block.fc2, activation: .identity, residual: nil)
            return value(graph.add("MatMul", [matrix, name(mixed)]), sizes.outputShape)
        }
    }

    /// A convolution, by default over single elements; zero padding on all sides.
    func convolution(
        _ x: String, _ parameters: LinearParameters<ONNXTensor>,
        geometry: PatchGeometry = PatchGeometry(kernel: 1)
    ) -> String {
        let inputs = [parameters.weight, parameters.bias].compactMap { $0 }.map(name)
        return graph.add(
            "Conv", [x] + inputs,
            [
                .ints("kernel_shape", [geometry.kernel, geometry.kernel]),
                .ints("strides", [geometry.stride, geometry.stride]),
                .ints("pads", Array(repeating: geometry.padding, count: 4)),
            ])
    }

    /// The weights of each coarse token in each fine token, `[T, S]`.
    ///
    /// - Parameters:
    ///   - resampling: from the coarse grid to the fine one.
    ///   - replacesClassToken: whether the class token's row is zero.
    ///   - isTransposed: whether the matrix is `[S, T]`.
    /// - Returns: the name of the matrix.
    func resamplingMatrix(
        _ resampling: GridResampling, replacesClassToken: Bool = false, isTransposed: Bool = false
    ) -> String {
        let tokens = resampling.target * resampling.target + 1
        let coarse = resampling.source * resampling.source + 1
        let kind = replacesClassToken ? ".patches" : isTransposed ? ".transposed" : ""
        let name = "resampling_\(resampling.source)_to_\(resampling.target)\(kind)"
        let shape: Shape = isTransposed ? [coarse, tokens] : [tokens, coarse]
        return graph.initializer(
            ONNXInitializer(name: name, shape: shape) {
                var matrix = [Float](repeating: 0, count: shape.elementCount)
                for (token, taps) in resampling.tokenTaps.enumerated() {
                    for tap in taps where token > 0 || !replacesClassToken {
                        let index =
                            isTransposed ? tap.index * tokens + token : token * coarse + tap.index
                        matrix[index] = tap.weight
                    }
                }
                return matrix
            })
    }
}

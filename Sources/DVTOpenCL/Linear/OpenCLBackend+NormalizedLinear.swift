import DVTCore
import DVTSupport
import OpenCLRuntime

/// A linear layer with the LayerNorm before it folded in; see `NORM` of `linear_mma.cl`.
struct FoldedLinear {
    /// The LayerNorm's weight, which identifies it.
    let norm: OpenCLTensor
    let versions: [Int]
    /// `weight diag(scale)`, `[O, D]`.
    let weight: OpenCLTensor
    /// `bias + weight shift`, `[O]`.
    let bias: OpenCLTensor
    /// The sums of the weight's rows, `[O]`.
    let columnSums: OpenCLTensor
}

extension OpenCLBackend {
    /// Implements ``/DVTCore/Backend/linear(normalizing:appending:_:_:activation:)``.
    ///
    /// On matrix instructions the LayerNorm is part of the layer's kernel.
    public func linear(
        normalizing x: OpenCLTensor, appending features: OpenCLTensor?,
        _ norm: LayerNormParameters<OpenCLTensor>, _ layer: OpenCLLinear, activation: Activation
    ) throws -> OpenCLTensor {
        let sizes = try LayerNormSizes(
            x: x.shape, features: features?.shape, weight: norm.weight.shape,
            bias: norm.bias.shape)
        let linear = try LinearSizes(
            x: sizes.outputShape, weight: layer.weight.shape, bias: layer.bias?.shape,
            residual: nil)
        guard let tile = normalizingTile(layer, sizes) else {
            return try self.linear(
                layerNorm(x, appending: features, norm), layer, activation: activation,
                residual: nil)
        }
        let y = try makeTensor(linear.outputShape)
        let folded = try folded(layer, behind: norm)
        try enqueue(
            KernelCall(
                "linear_mma", in: "linear_mma",
                macros: tile.macros + ["NORM"], instructions: matrixInstructions,
                [
                    "y": .output(y), "x": .tensor(x), "padded": .tensor(folded.weight),
                    "bias": .float32(folded.bias), "residual": .none, "rows": .int(sizes.rows),
                    "inputs": .int(layer.inputs), "outputs": .int(layer.outputs),
                    "activation": .activation(activation), "features": .tensor(features),
                    "column_sums": .float32(folded.columnSums), "x_inputs": .int(sizes.width),
                    "epsilon": .float(norm.epsilon),
                ],
                over: .groups(
                    [ceilDiv(layer.outputs, tile.columns), ceilDiv(sizes.rows, tile.rows), 1],
                    items: [tile.items(lanes: matrixInstructions.lanes), 1, 1])))
        return y
    }

    /// The tile of the layer's engine if its kernel can normalize such rows, or nil.
    private func normalizingTile(_ layer: OpenCLLinear, _ sizes: LayerNormSizes) -> MatrixTile? {
        guard usesMatrixInstructions, layer.groups == 1, sizes.rows > 0,
            layer.inputs == sizes.width + sizes.appended, sizes.width % 8 == 0,
            sizes.appended % 8 == 0, layer.outputs % 4 == 0,
            case .mma(let tile) = linearEngine(
                rows: sizes.rows, inputs: layer.inputs, outputs: layer.outputs, groups: 1),
            tile.normalizes(on: matrixInstructions)
        else { return nil }
        return tile
    }

    /// Folds a LayerNorm into a layer: see `stacking.cl`.
    private func folded(
        _ layer: OpenCLLinear, behind norm: LayerNormParameters<OpenCLTensor>
    ) throws -> FoldedLinear {
        try layer.folded(norm) {
            let (outputs, inputs) = (layer.outputs, layer.inputs)
            let folded = FoldedLinear(
                norm: norm.weight, versions: layer.versions(with: norm),
                weight: try makeScratch([outputs, inputs]),
                bias: try makeScratch([outputs], .float32),
                columnSums: try makeScratch([outputs], .float32))
            try enqueue(
                KernelCall(
                    "stack_layer", in: "stacking",
                    [
                        "stacked_weight": .tensor(folded.weight),
                        "stacked_bias": .float32(folded.bias), "weight": .tensor(layer.weight),
                        "bias": .float32(layer.bias), "scale": .float32(norm.weight),
                        "shift": .float32(norm.bias), "column_sums": .float32(folded.columnSums),
                        "outputs": .int(outputs), "inputs": .int(inputs), "first": .int(0),
                    ], over: .elements(outputs)))
            return folded
        }
    }
}

import DVTAutodiff
import DVTCore
import OpenCLRuntime

extension OpenCLBackend {
    /// Implements ``/DVTAutodiff/DifferentiableBackend/linearInputGradient(_:_:)``.
    public func linearInputGradient(
        _ dy: OpenCLTensor, _ layer: OpenCLLinear
    ) throws -> OpenCLTensor {
        let weight = layer.weight
        let sizes = try LinearGradientSizes(dy: dy.shape, weight: weight.shape)
        let dx = try makeTensor(sizes.inputShape)
        guard kernelStyle == .vector else {
            try enqueueTileProduct(
                TileProduct(
                    rows: sizes.rows, columns: sizes.inputs, depth: sizes.outputs, left: dy,
                    right: weight), to: dx)
            return dx
        }
        // The weight's rows are the outputs, over which dy is summed.
        let panels = try layer.weight(in: .transposedPanels(packedTile.panel)) {
            try makeScratch([sizes.outputs, packedTile.padded(sizes.inputs)])
        } fill: {
            try enqueueRowPacking(
                weight, to: $0, inputs: sizes.outputs, outputs: sizes.inputs)
        }
        try enqueuePackedProduct(
            dy, panels, to: dx, rows: sizes.rows, inputs: sizes.outputs, outputs: sizes.inputs)
        return dx
    }

    /// Implements ``/DVTAutodiff/DifferentiableBackend/linearParameterGradients(_:_:hasBias:)``.
    public func linearParameterGradients(
        _ dy: OpenCLTensor, _ x: OpenCLTensor, hasBias: Bool
    ) throws -> LinearParameters<OpenCLTensor> {
        let sizes = try LinearGradientSizes(dy: dy.shape, x: x.shape)
        let weight = try makeScratch([sizes.outputs, sizes.inputs])
        if kernelStyle == .vector {
            let panels = try makeScratch([sizes.rows, packedTile.padded(sizes.inputs)])
            try enqueueRowPacking(
                x, to: panels.buffer, inputs: sizes.rows, outputs: sizes.inputs)
            try enqueuePackedProduct(
                dy, panels.buffer, to: weight, rows: sizes.outputs, inputs: sizes.rows,
                outputs: sizes.inputs, isTransposed: true)
        } else {
            try enqueueChunkedTileProduct(
                TileProduct(
                    rows: sizes.outputs, columns: sizes.inputs, depth: sizes.rows, left: dy,
                    isLeftByDepth: true, right: x), to: weight)
        }
        let bias =
            hasBias ? try columnSums(dy, rows: sizes.rows, columns: sizes.outputs) : nil
        return LinearParameters(weight: weight, bias: bias?.reshaped([sizes.outputs]))
    }

    /// Packs a matrix `[inputs, outputs]` into panels for ``enqueuePackedProduct``.
    private func enqueueRowPacking(
        _ matrix: OpenCLTensor, to panels: Buffer, inputs: Int, outputs: Int
    ) throws {
        guard inputs > 0, outputs > 0 else { return }
        let chunk = 64
        let kernel = try kernels.kernel(
            "pack_rows", in: "linear_packed", defines: packedTile.defines + ["PACK_CHUNK=\(chunk)"])
        try queue.enqueue(
            kernel,
            arguments: [.buffer(panels), .tensor(matrix), .int(inputs), .int(outputs)],
            global: [
                (inputs + chunk - 1) / chunk, packedTile.padded(outputs) / packedTile.panel,
            ], local: [1, 1])
    }

    /// Enqueues a product with a packed factor; the other is `[rows, inputs]`, or transposed.
    private func enqueuePackedProduct(
        _ x: OpenCLTensor, _ panels: Buffer, to y: OpenCLTensor, rows: Int, inputs: Int,
        outputs: Int, isTransposed: Bool = false
    ) throws {
        guard rows > 0, outputs > 0 else { return }
        let kernel = try kernels.kernel(
            "linear_packed", in: "linear_packed",
            defines: packedTile.defines + (isTransposed ? ["TRANSPOSED"] : []))
        try queue.enqueue(
            kernel,
            arguments: [
                .tensor(y), .tensor(x), .buffer(panels), .none, .none, .int(rows), .int(inputs),
                .int(outputs), .int(Activation.identity.kernelCode),
            ],
            global: [
                (rows + packedTile.rows - 1) / packedTile.rows,
                packedTile.padded(outputs) / packedTile.panel, 1,
            ], local: [1, 1, 1])
    }

    /// Implements ``/DVTAutodiff/DifferentiableBackend/layerNormGradients(_:_:appending:_:)``.
    public func layerNormGradients(
        _ dy: OpenCLTensor, _ x: OpenCLTensor, appending features: OpenCLTensor?,
        _ parameters: LayerNormParameters<OpenCLTensor>
    ) throws -> LayerNormGradients<OpenCLTensor> {
        let sizes = try LayerNormSizes(
            x: x.shape, features: features?.shape, weight: parameters.weight.shape,
            bias: parameters.bias.shape)
        try requireShape("dy", dy.shape, sizes.outputShape)
        let columns = sizes.width + sizes.appended
        let dx = try makeTensor(x.shape)
        let dfeatures = try features.map { try makeTensor($0.shape) }
        let stats = try makeTensor([sizes.rows, 2])
        try enqueueRows(
            "layernorm_gradient", in: "layernorm", items: kernelStyle == .vector ? 1 : 64,
            [
                .tensor(dx), .tensor(dfeatures), .tensor(stats), .tensor(dy), .tensor(x),
                .tensor(features), .tensor(parameters.weight), .int(sizes.width),
                .int(sizes.appended), .float(parameters.epsilon),
            ], rows: sizes.rows)
        let sums = try summedChunks(rows: sizes.rows, columns: 2 * columns) { partial in
            (
                "layernorm_parameter_gradients", "layernorm",
                try [
                    .tensor(partial), .tensor(stats), .tensor(dy), .tensor(x), .tensor(features),
                    .int(sizes.rows), .int(sizes.width), .int(sizes.appended),
                ], columns
            )
        }
        return LayerNormGradients(
            x: dx, features: dfeatures,
            weight: try self.columns(sums, 0..<columns).reshaped([columns]),
            bias: try self.columns(sums, columns..<2 * columns).reshaped([columns]))
    }

    /// The sums of a matrix's columns, `[1, columns]`.
    func columnSums(_ x: OpenCLTensor, rows: Int, columns: Int) throws -> OpenCLTensor {
        try summedChunks(rows: rows, columns: columns) { partial in
            (
                "sum_rows", "column_sums",
                try [.tensor(partial), .tensor(x), .int(rows), .int(columns)], columns
            )
        }
    }

    /// Sums over rows in two steps: what a kernel sums over each chunk of rows, and then the chunks.
    ///
    /// - Parameters:
    ///   - rows: the rows.
    ///   - columns: how many sums there are.
    ///   - kernel: given room for `[chunks, columns]`, the kernel, its file, its arguments and how
    ///     many columns its work-items share.
    /// - Returns: `[1, columns]`.
    /// - Throws: the device's error.
    private func summedChunks(
        rows: Int, columns: Int,
        by kernel: (OpenCLTensor) throws -> (String, String, [KernelArgument], Int)
    ) throws -> OpenCLTensor {
        let chunk = 64
        let defines = ["SUM_CHUNK=\(chunk)"]
        let chunks = (rows + chunk - 1) / chunk
        let partial = try makeScratch([chunks, columns])
        let sums = try makeScratch([1, columns])
        guard columns > 0 else { return sums }
        let (name, file, arguments, width) = try kernel(partial)
        switch kernelStyle {
        case .vector where chunks > 0:
            try enqueueRows(name, in: file, items: 1, defines: defines, arguments, rows: chunks)
        case .tile where chunks > 0:
            try enqueueElements(
                name, in: file, defines: defines, arguments, over: [width, chunks])
        default: break
        }
        try enqueueElements(
            "sum_chunks", in: "column_sums",
            [.tensor(sums), .tensor(partial), .int(1), .int(chunks), .int(columns)],
            over: [columns, 1])
        return sums
    }
}

import DVTAutodiff
import DVTCore
import DVTSupport
import OpenCLRuntime

extension OpenCLBackend {
    package func linearInputGradient(
        _ dy: OpenCLTensor, _ layer: OpenCLLinear
    ) throws -> OpenCLTensor {
        let weight = layer.weight
        let sizes = try LinearGradientSizes(dy: dy.shape, weight: weight.shape)
        let dx = try makeTensor(sizes.inputShape)
        guard kernelStyle == .vector else {
            // A linear layer with the transposed weight, on the engine for its sizes.
            try enqueueLinear(
                dy, transposed(layer), activation: .identity, residual: nil, to: dx,
                rows: sizes.rows)
            return dx
        }
        // The product sums over the rows of the weight.
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

    package func linearParameterGradients(
        _ dy: OpenCLTensor, _ x: OpenCLTensor, hasBias: Bool
    ) throws -> LinearParameters<OpenCLTensor> {
        let sizes = try LinearGradientSizes(dy: dy.shape, x: x.shape)
        let weight = try makeScratch([sizes.outputs, sizes.inputs], .float32)
        if kernelStyle == .vector {
            let panels = try makeScratch([sizes.rows, packedTile.padded(sizes.inputs)])
            try enqueueRowPacking(
                x, to: panels.buffer, inputs: sizes.rows, outputs: sizes.inputs)
            try enqueuePackedProduct(
                dy, panels.buffer, to: weight, rows: sizes.outputs, inputs: sizes.rows,
                outputs: sizes.inputs, isTransposed: true)
        } else if usesMatrixInstructions, sizes.isAligned {
            try enqueueWeightGradient(dy, x, sizes, to: weight)
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

    /// The layer that multiplies by the transposed weight.
    private func transposed(_ layer: OpenCLLinear) throws -> OpenCLLinear {
        try layer.transposed {
            let weight = try makeScratch([layer.inputs, layer.outputs])
            try enqueueTransposition(
                of: layer.weight, to: weight, batch: 1, rows: layer.outputs,
                columns: layer.inputs)
            return weight
        }
    }

    /// Packs a matrix `[inputs, outputs]` into panels for ``enqueuePackedProduct``.
    private func enqueueRowPacking(
        _ matrix: OpenCLTensor, to panels: Buffer, inputs: Int, outputs: Int
    ) throws {
        guard inputs > 0, outputs > 0 else { return }
        let chunk = 64
        try enqueue(
            KernelCall(
                "pack_rows", in: "linear_packed",
                macros: packedTile.macros + ["PACK_CHUNK=\(chunk)"],
                [
                    "packed": .buffer(panels), "rows": .tensor(matrix), "inputs": .int(inputs),
                    "outputs": .int(outputs),
                ], over: .groups(ceilDiv(inputs, chunk), ceilDiv(outputs, packedTile.panel))))
    }

    /// Enqueues a product with a packed factor; the other is `[rows, inputs]`, or transposed.
    private func enqueuePackedProduct(
        _ x: OpenCLTensor, _ panels: Buffer, to y: OpenCLTensor, rows: Int, inputs: Int,
        outputs: Int, isTransposed: Bool = false
    ) throws {
        guard rows > 0, outputs > 0 else { return }
        try enqueue(
            KernelCall(
                "linear_packed", in: "linear_packed",
                macros: packedTile.macros + (isTransposed ? ["TRANSPOSED"] : []),
                [
                    "y": .output(y), "x": .tensor(x), "packed": .buffer(panels), "bias": .none,
                    "residual": .none, "rows": .int(rows), "inputs": .int(inputs),
                    "outputs": .int(outputs),
                    "activation": .activation(.identity),
                ],
                over: .groups(
                    ceilDiv(rows, packedTile.rows), ceilDiv(outputs, packedTile.panel), 1)))
    }

    package func layerNormGradients(
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
        let stats = try makeTensor([sizes.rows, 2], .float32)
        try enqueue(
            KernelCall(
                "layernorm_gradient", in: "layernorm",
                [
                    "dx": .tensor(dx), "dfeatures": .tensor(dfeatures), "stats": .float32(stats),
                    "dy": .tensor(dy), "x": .tensor(x), "features": .tensor(features),
                    "weight": .float32(parameters.weight), "width": .int(sizes.width),
                    "appended": .int(sizes.appended), "epsilon": .float(parameters.epsilon),
                ], over: .rows(sizes.rows, items: kernelStyle == .vector ? 1 : 64)))
        let sums = try summedChunks(
            rows: sizes.rows, count: 2 * columns, columns: columns
        ) { partial, macros, grid in
            try KernelCall(
                "layernorm_parameter_gradients", in: "layernorm", macros: macros,
                [
                    "partial": .float32(partial), "stats": .float32(stats), "dy": .tensor(dy),
                    "x": .tensor(x), "features": .tensor(features), "rows": .int(sizes.rows),
                    "width": .int(sizes.width), "appended": .int(sizes.appended),
                ], over: grid)
        }
        return LayerNormGradients(
            x: dx, features: dfeatures,
            weight: try self.columns(sums, 0..<columns).reshaped([columns]),
            bias: try self.columns(sums, columns..<2 * columns).reshaped([columns]))
    }

    /// The sums of a matrix's columns, `[1, columns]`.
    func columnSums(_ x: OpenCLTensor, rows: Int, columns: Int) throws -> OpenCLTensor {
        try summedChunks(rows: rows, count: columns, columns: columns) { partial, macros, grid in
            try KernelCall(
                "sum_rows", in: "column_sums", macros: macros,
                [
                    "partial": .float32(partial), "x": .tensor(x), "rows": .int(rows),
                    "columns": .int(columns),
                ], over: grid)
        }
    }

    /// Sums over rows in two steps: a kernel sums each chunk of rows, then the chunks are summed.
    ///
    /// - Parameters:
    ///   - rows: the number of rows.
    ///   - count: the number of sums.
    ///   - columns: the work-items of a chunk for kernels with one work-item per element.
    ///   - call: the first step; it receives the memory for its result `[chunks, count]`, its
    ///     macros and its grid.
    /// - Returns: `[1, count]`.
    /// - Throws: the device's error.
    private func summedChunks(
        rows: Int, count: Int, columns: Int,
        by call: (_ partial: OpenCLTensor, _ macros: [String], _ grid: KernelGrid) throws
            -> KernelCall
    ) throws -> OpenCLTensor {
        let chunk = 64
        let chunks = ceilDiv(rows, chunk)
        let partial = try makeScratch([chunks, count], .float32)
        let sums = try makeScratch([1, count], .float32)
        guard count > 0 else { return sums }
        if chunks > 0 {
            let grid: KernelGrid =
                kernelStyle == .vector ? .rows(chunks, items: 1) : .elements(columns, chunks)
            try enqueue(call(partial, ["SUM_CHUNK=\(chunk)"], grid))
        }
        try enqueueChunkSums(of: partial, to: sums, chunks: chunks, columns: count)
        return sums
    }
}

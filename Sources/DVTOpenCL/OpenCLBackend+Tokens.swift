import DVTCore
import OpenCL

extension OpenCLBackend {
    /// Cuts images into patches and projects each; see
    /// ``/DVTCore/Backend/patchEmbed(_:_:geometry:)``.
    ///
    /// - Parameters:
    ///   - images: `[B, C, S, S]`.
    ///   - projection: weight `[D, C, k, k]` and bias `[D]`.
    ///   - geometry: kernel, stride and zero padding.
    /// - Returns: tokens `[B, N, D]`.
    /// - Throws: ``/DVTCore/ShapeError`` if shapes do not fit,
    ///   ``/OpenCL/OpenCLError`` if the device fails.
    public func patchEmbed(
        _ images: OpenCLTensor, _ projection: LinearParameters<OpenCLTensor>,
        geometry: PatchGeometry
    ) throws -> OpenCLTensor {
        let sizes = try PatchEmbedSizes(
            images: images.shape, weight: projection.weight.shape, bias: projection.bias?.shape,
            geometry: geometry)
        let patches = try softSplit(images, geometry: geometry)
        let tokens = try makeTensor(sizes.outputShape)
        try enqueueLinear(
            patches, projection, activation: .identity, residual: nil, to: tokens,
            rows: sizes.batch * sizes.grid * sizes.grid, inputs: sizes.patchElements,
            outputs: sizes.width)
        return tokens
    }

    /// Gathers overlapping patches into rows; see ``/DVTCore/Backend/softSplit(_:geometry:)``.
    ///
    /// - Parameters:
    ///   - x: images `[B, C, S, S]`, or tokens `[B, S * S, C]`.
    ///   - geometry: kernel, stride and zero padding.
    /// - Returns: `[B, N, C k k]`.
    /// - Throws: ``/DVTCore/ShapeError`` if shapes do not fit,
    ///   ``/OpenCL/OpenCLError`` if the device fails.
    public func softSplit(_ x: OpenCLTensor, geometry: PatchGeometry) throws -> OpenCLTensor {
        let sizes = try SoftSplitSizes(x.shape, geometry: geometry)
        let patches = try makeTensor(sizes.outputShape)
        let rows = sizes.batch * sizes.grid * sizes.grid
        let arguments: [KernelArgument] = try [
            .tensor(patches), .tensor(x), .int(rows), .int(sizes.channels), .int(sizes.side),
            .int(sizes.grid), .int(geometry.kernel), .int(geometry.stride),
            .int(geometry.padding), .int(sizes.channelStride), .int(sizes.pixelStride),
        ]
        switch kernelStyle {
        case .vector:
            try enqueueRows("unfold_patches", in: "tokens", items: 1, arguments, rows: rows)
        case .tile:
            try enqueueElements(
                "unfold_patches", in: "tokens", arguments, over: [sizes.patchElements, rows])
        }
        return patches
    }

    /// Prepends the class token and adds the positions.
    ///
    /// - Parameters:
    ///   - tokens: `[B, N, D]`.
    ///   - classToken: `[1, 1, D]`.
    ///   - positions: `[1, N + 1, D]`.
    /// - Returns: `[B, N + 1, D]`.
    /// - Throws: ``/DVTCore/ShapeError`` if shapes do not fit,
    ///   ``/OpenCL/OpenCLError`` if the device fails.
    public func embedTokens(
        _ tokens: OpenCLTensor, classToken: OpenCLTensor, positions: OpenCLTensor
    ) throws -> OpenCLTensor {
        let sizes = try EmbedTokensSizes(
            tokens: tokens.shape, classToken: classToken.shape, positions: positions.shape)
        let embedded = try makeTensor(sizes.outputShape)
        try enqueueElements(
            "embed_tokens", in: "tokens",
            [
                .tensor(embedded), .tensor(tokens), .tensor(classToken), .tensor(positions),
                .int(sizes.batch), .int(sizes.patches + 1), .int(sizes.width),
            ], over: [sizes.width, sizes.patches + 1, sizes.batch])
        return embedded
    }

    /// The class token's row of every image.
    ///
    /// - Parameter x: `[B, T, D]`.
    /// - Returns: `[B, D]`.
    /// - Throws: ``/DVTCore/ShapeError`` if `x` has another rank,
    ///   ``/OpenCL/OpenCLError`` if the device fails.
    public func classTokens(_ x: OpenCLTensor) throws -> OpenCLTensor {
        try requireRank("x", x.shape, 3)
        let rows = try makeTensor([x.shape[0], x.shape[2]])
        try enqueueCopy(of: x, to: rows, stride: x.shape[1] * x.shape[2])
        return rows
    }

    /// Some columns of every row; see ``/DVTCore/Backend/columns(_:_:)``.
    ///
    /// - Parameters:
    ///   - x: `[..., D]`.
    ///   - columns: the columns, within D.
    /// - Returns: `[..., columns.count]`.
    /// - Throws: ``/DVTCore/ShapeError`` if the columns are not there,
    ///   ``/OpenCL/OpenCLError`` if the device fails.
    public func columns(_ x: OpenCLTensor, _ columns: Range<Int>) throws -> OpenCLTensor {
        let copy = try makeTensor(columnsShape(x.shape, columns))
        try enqueueCopy(of: x, to: copy, stride: x.shape[-1], first: columns.lowerBound)
        return copy
    }

    /// Copies some images' rows into a dense smaller batch.
    ///
    /// - Parameters:
    ///   - x: `[B, ...]`.
    ///   - rows: indices below B, in the order wanted.
    /// - Returns: `[rows.count, ...]`.
    /// - Throws: ``/DVTCore/ShapeError`` if a row does not exist,
    ///   ``/OpenCL/OpenCLError`` if the device fails.
    public func gather(_ x: OpenCLTensor, rows: [Int]) throws -> OpenCLTensor {
        let gathered = try makeTensor(gatheredShape(x.shape, rows: rows))
        let indices = try makeTensor([rows.count])
        try queue.write(rows.map(Int32.init), to: indices.buffer)
        let stride = x.shape.withBatch(1).elementCount
        try enqueueCopy(of: x, to: gathered, indices: indices, stride: stride)
        return gathered
    }

    /// Enqueues the copy of a run of elements of every row, or of some rows in order.
    private func enqueueCopy(
        of input: OpenCLTensor, to output: OpenCLTensor, indices: OpenCLTensor? = nil,
        stride: Int, first: Int = 0
    ) throws {
        // Rows of the output are its last axis, or all but the first where rows are gathered.
        let rows = indices == nil ? output.shape.rowCount : output.shape[0]
        let width = output.shape.elementCount / max(rows, 1)
        try enqueueElements(
            "copy_rows", in: "tokens",
            [
                .tensor(output), .tensor(input), .tensor(indices), .int(rows), .int(width),
                .int(stride), .int(first),
            ], over: [width, rows])
    }

    /// Reduces logits to the likeliest class and its softmax probability, and waits for them.
    ///
    /// - Parameter logits: `[B, classes]`.
    /// - Returns: one pair an image; of equal logits the first class wins.
    /// - Throws: ``/DVTCore/ShapeError`` if there are no classes,
    ///   ``/OpenCL/OpenCLError`` if the device fails.
    public func confidence(_ logits: OpenCLTensor) throws -> [ClassConfidence] {
        let classes = try confidenceClasses(logits.shape)
        let batch = logits.shape[0]
        let pairs = try makeTensor([batch, 2])
        try enqueueRows(
            "softmax_confidence", in: "confidence", items: 64,
            [.tensor(pairs), .tensor(logits), .int(classes)], rows: batch)
        let words = try queue.read(Int32.self, count: 2 * batch, from: pairs.buffer)
        return (0..<batch).map {
            ClassConfidence(
                classIndex: Int(words[2 * $0]),
                confidence: Float(bitPattern: UInt32(bitPattern: words[2 * $0 + 1])))
        }
    }
}

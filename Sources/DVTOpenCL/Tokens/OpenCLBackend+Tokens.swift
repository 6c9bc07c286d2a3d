import DVTCore
import OpenCLRuntime

extension OpenCLBackend {
    /// Implements ``/DVTCore/Backend/patchEmbed(_:_:geometry:)``.
    public func patchEmbed(
        _ images: OpenCLTensor, _ projection: OpenCLLinear, geometry: PatchGeometry
    ) throws -> OpenCLTensor {
        let sizes = try PatchEmbedSizes(
            images: images.shape, weight: projection.weight.shape, bias: projection.bias?.shape,
            geometry: geometry)
        let patches = try softSplit(images, geometry: geometry)
        let tokens = try makeTensor(sizes.outputShape)
        try enqueueLinear(
            patches, projection, activation: .identity, residual: nil, to: tokens,
            rows: sizes.batch * sizes.grid * sizes.grid)
        return tokens
    }

    /// Implements ``/DVTCore/Backend/softSplit(_:geometry:)``.
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

    /// Implements ``/DVTCore/Backend/embedTokens(_:classToken:positions:)``.
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

    /// Implements ``/DVTCore/Backend/classTokens(_:)``.
    public func classTokens(_ x: OpenCLTensor) throws -> OpenCLTensor {
        try requireRank("x", x.shape, 3)
        let (batch, width) = (x.shape[0], x.shape[2])
        let rows = try makeTensor([batch, width])
        try enqueueCopy(
            of: x, to: rows, rows: batch, width: width, stride: x.shape[1] * width)
        return rows
    }

    /// Implements ``/DVTCore/Backend/columns(_:_:)``.
    public func columns(_ x: OpenCLTensor, _ columns: Range<Int>) throws -> OpenCLTensor {
        let copy = try makeTensor(columnsShape(x.shape, columns))
        try enqueueCopy(
            of: x, to: copy, rows: x.shape.rowCount, width: columns.count, stride: x.shape[-1],
            first: columns.lowerBound)
        return copy
    }

    /// Implements ``/DVTCore/Backend/gather(_:rows:after:)``.
    public func gather(
        _ x: OpenCLTensor, rows: [Int], after batch: OpenCLTensor?
    ) throws -> OpenCLTensor {
        let shape = try gatheredShape(x.shape, rows: rows, after: batch?.shape)
        let gathered = try batch.map { try grown($0, to: shape) } ?? makeTensor(shape)
        let width = shape.withBatch(1).elementCount
        try enqueueCopy(
            of: x, to: gathered, indices: rowIndices(rows), rows: rows.count, width: width,
            stride: width, kept: shape[0] - rows.count)
        return gathered
    }

    /// A longer batch that begins with the rows of this one.
    private func grown(_ batch: OpenCLTensor, to shape: Shape) throws -> OpenCLTensor {
        if let grown = batch.grown(to: shape) { return grown }
        let copy = try makeTensor(shape)
        try queue.copy(from: batch.buffer, to: copy.buffer, byteCount: batch.shape.byteCount)
        return copy
    }

    /// Enqueues the copy of a run of elements of every row, or of some rows in order.
    private func enqueueCopy(
        of input: OpenCLTensor, to output: OpenCLTensor, indices: OpenCLTensor? = nil, rows: Int,
        width: Int, stride: Int, first: Int = 0, kept: Int = 0
    ) throws {
        try enqueueElements(
            "copy_rows", in: "tokens",
            [
                .tensor(output), .tensor(input), .tensor(indices), .int(rows), .int(width),
                .int(stride), .int(first), .int(kept),
            ], over: [width, rows])
    }
}

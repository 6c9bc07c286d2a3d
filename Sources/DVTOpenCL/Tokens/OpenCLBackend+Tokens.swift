import DVTCore
import OpenCLRuntime

extension OpenCLBackend {
    /// Implements ``/DVTCore/Backend/resizedImages(_:to:)``.
    public func resizedImages(_ images: OpenCLTensor, to side: Int) throws -> OpenCLTensor {
        let sizes = try ResizedImagesSizes(images.shape, to: side)
        let taps = try taps(of: sizes)
        let halfway = try makeTensor(sizes.halfwayShape)
        try enqueueResampling(
            images, to: halfway, taps, outer: sizes.planes, source: sizes.source, target: side,
            inner: sizes.source)
        let resized = try makeTensor(sizes.outputShape)
        try enqueueResampling(
            halfway, to: resized, taps, outer: sizes.planes * side, source: sizes.source,
            target: side, inner: 1)
        return resized
    }

    private func enqueueResampling(
        _ input: OpenCLTensor, to output: OpenCLTensor, _ taps: TapArrays, outer: Int, source: Int,
        target: Int, inner: Int
    ) throws {
        try enqueue(
            KernelCall(
                "resample_axis", in: "tokens",
                [
                    "output": .tensor(output), "input": .tensor(input),
                    "indices": .buffer(taps.indices), "weights": .buffer(taps.weights),
                    "outer": .int(outer), "source": .int(source), "target": .int(target),
                    "inner": .int(inner), "taps": .int(taps.taps),
                ], over: .elements(target * inner, outer)))
    }

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
        try enqueue(
            KernelCall(
                "unfold_patches", in: "tokens",
                [
                    "patches": .tensor(patches), "images": .tensor(x), "rows": .int(rows),
                    "channels": .int(sizes.channels), "size": .int(sizes.side),
                    "grid": .int(sizes.grid), "side": .int(geometry.kernel),
                    "stride": .int(geometry.stride), "padding": .int(geometry.padding),
                    "channel_stride": .int(sizes.channelStride),
                    "pixel_stride": .int(sizes.pixelStride),
                ],
                over: kernelStyle == .vector
                    ? .rows(rows, items: 1) : .elements(sizes.patchElements, rows)))
        return patches
    }

    /// Implements ``/DVTCore/Backend/embedTokens(_:prefix:positions:)``.
    public func embedTokens(
        _ tokens: OpenCLTensor, prefix: OpenCLTensor?, positions: OpenCLTensor
    ) throws -> OpenCLTensor {
        let sizes = try EmbedTokensSizes(
            tokens: tokens.shape, prefix: prefix?.shape, positions: positions.shape)
        let embedded = try makeTensor(sizes.outputShape)
        try enqueue(
            KernelCall(
                "embed_tokens", in: "tokens",
                [
                    "embedded": .tensor(embedded), "tokens": .tensor(tokens),
                    "prefix": .tensor(prefix), "positions": .tensor(positions),
                    "batch": .int(sizes.batch), "count": .int(sizes.tokens),
                    "prefix_count": .int(sizes.prefix), "width": .int(sizes.width),
                ], over: .elements(sizes.width, sizes.tokens, sizes.batch)))
        return embedded
    }

    /// Implements ``/DVTCore/Backend/pooledTokens(_:_:)``.
    public func pooledTokens(
        _ x: OpenCLTensor, _ pooling: TokenPooling
    ) throws -> OpenCLTensor {
        let sizes = try PooledTokensSizes(x.shape, pooling)
        let pooled = try makeTensor(sizes.outputShape)
        try enqueue(
            KernelCall(
                "pool_tokens", in: "tokens",
                [
                    "pooled": .tensor(pooled), "x": .tensor(x), "batch": .int(sizes.batch),
                    "count": .int(sizes.tokens), "width": .int(sizes.width),
                    "first": .int(pooling.first), "averaged_from": .int(sizes.averagedFrom),
                ], over: .elements(pooling.rows * sizes.width, sizes.batch)))
        return pooled
    }

    /// Implements ``/DVTCore/Backend/columns(_:_:)``.
    public func columns(_ x: OpenCLTensor, _ columns: Range<Int>) throws -> OpenCLTensor {
        let copy = try makeTensor(columnsShape(x.shape, columns), x.precision)
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
        let gathered =
            try batch.map { try grown($0, to: shape) } ?? makeTensor(shape, rowPitch: x.rowPitch)
        let width = x.paddedElementCount(of: shape.withBatch(1))
        try enqueueCopy(
            of: x, to: gathered, indices: rowIndices(rows), rows: rows.count, width: width,
            stride: width, kept: shape[0] - rows.count)
        return gathered
    }

    /// A larger batch whose first rows are those of `batch`, in the same memory if it fits.
    private func grown(_ batch: OpenCLTensor, to shape: Shape) throws -> OpenCLTensor {
        if let grown = batch.grown(to: shape) { return grown }
        let copy = try makeTensor(shape, rowPitch: batch.rowPitch)
        try queue.copy(from: batch.buffer, to: copy.buffer, byteCount: batch.byteCount)
        return copy
    }

    /// Enqueues a copy of a matrix with rows of `pitch` elements, zeros beyond its columns.
    ///
    /// - Parameters:
    ///   - matrix: `[rows, columns]`.
    ///   - padded: the copy.
    ///   - rows: the number of rows.
    ///   - columns: the number of columns.
    ///   - pitch: the elements from one row of the copy to the next.
    /// - Throws: the device's error.
    func enqueuePadding(
        of matrix: OpenCLTensor, to padded: Buffer, rows: Int, columns: Int, pitch: Int
    ) throws {
        try enqueue(
            KernelCall(
                "pad_rows", in: "tokens",
                [
                    "padded": .buffer(padded), "matrix": .tensor(matrix), "rows": .int(rows),
                    "columns": .int(columns), "pitch": .int(pitch),
                ], over: .elements(pitch, rows)))
    }

    /// Enqueues a copy of `width` elements of each row, or of the rows at `indices`.
    ///
    /// - Parameters:
    ///   - input: rows of `stride` elements.
    ///   - output: rows of `width` elements.
    ///   - indices: the rows to copy, or nil for the first `rows`.
    ///   - rows: the number of copied rows.
    ///   - width: the number of elements copied from each row.
    ///   - stride: the number of elements from one input row to the next.
    ///   - first: the first copied element of each row.
    ///   - kept: the number of output rows to keep; copying starts after them.
    /// - Throws: the device's error.
    func enqueueCopy(
        of input: OpenCLTensor, to output: OpenCLTensor, indices: OpenCLTensor? = nil, rows: Int,
        width: Int, stride: Int, first: Int = 0, kept: Int = 0
    ) throws {
        try enqueue(
            KernelCall(
                "copy_rows", in: "tokens",
                [
                    "output": .tensor(output), "input": .tensor(input),
                    "indices": .optional(indices?.buffer), "rows": .int(rows), "width": .int(width),
                    "stride": .int(stride), "first": .int(first), "kept": .int(kept),
                ], over: .elements(width, rows)))
    }
}

import DVTCore
import OpenCLRuntime

extension OpenCLBackend {
    package func transposed(_ x: OpenCLTensor) throws -> OpenCLTensor {
        try requireRank("x", x.shape, 3)
        let (batch, rows, columns) = (x.shape[0], x.shape[1], x.shape[2])
        let y = try makeTensor([batch, columns, rows])
        try enqueueTransposition(of: x, to: y, batch: batch, rows: rows, columns: columns)
        return y
    }

    /// Enqueues the transposition of matrices `[batch, rows, columns]`.
    func enqueueTransposition(
        of x: OpenCLTensor, to y: OpenCLTensor, batch: Int, rows: Int, columns: Int
    ) throws {
        try enqueue(
            KernelCall(
                "transpose_matrices", in: "token_gradients",
                [
                    "y": .tensor(y), "x": .tensor(x), "batch": .int(batch), "rows": .int(rows),
                    "columns": .int(columns),
                ], over: .elements(rows, columns, batch)))
    }

    package func resampleTokens(
        _ x: OpenCLTensor, _ resampling: GridResampling
    ) throws -> OpenCLTensor {
        try resampled(
            x, from: resampling.source, to: resampling.target, table(resampling).tokens)
    }

    package func resampleTokensGradient(
        _ dy: OpenCLTensor, _ resampling: GridResampling
    ) throws -> OpenCLTensor {
        try resampled(
            dy, from: resampling.target, to: resampling.source, transposedTable(resampling))
    }

    private func resampled(
        _ x: OpenCLTensor, from source: Int, to target: Int, _ taps: TapArrays
    ) throws -> OpenCLTensor {
        try requireRank("tokens", x.shape, 3)
        let (batch, width) = (x.shape[0], x.shape[2])
        try requireShape("tokens", x.shape, [batch, source * source + 1, width])
        return try resampled(x, blocks: 1, to: [batch, target * target + 1, width], taps)[0]
    }

    package func sumOverBatch(_ x: OpenCLTensor) throws -> OpenCLTensor {
        let shape = x.shape.withBatch(1)
        return try columnSums(x, rows: x.shape[0], columns: shape.elementCount).reshaped(shape)
    }

    package func columnsGradient(
        _ dy: OpenCLTensor, first: Int, width: Int
    ) throws -> OpenCLTensor {
        let shape = try columnsGradientShape(dy.shape, first: first, width: width)
        let dx = try makeTensor(shape)
        try enqueue(
            KernelCall(
                "spread_columns", in: "token_gradients",
                [
                    "dx": .tensor(dx), "dy": .tensor(dy), "rows": .int(shape.rowCount),
                    "count": .int(dy.shape[-1]), "first": .int(first), "width": .int(width),
                ], over: .elements(width, shape.rowCount)))
        return dx
    }

    package func pooledTokensGradient(
        _ dy: OpenCLTensor, _ pooling: TokenPooling, shape: Shape
    ) throws -> OpenCLTensor {
        let sizes = try PooledTokensSizes(shape, pooling)
        try requireShape("dy", dy.shape, sizes.outputShape)
        let dx = try makeTensor(shape)
        try enqueue(
            KernelCall(
                "pool_gradient", in: "token_gradients",
                [
                    "dx": .tensor(dx), "dy": .tensor(dy), "batch": .int(sizes.batch),
                    "count": .int(sizes.tokens), "width": .int(sizes.width),
                    "first": .int(pooling.first), "averaged_from": .int(sizes.averagedFrom),
                ], over: .elements(sizes.width, sizes.tokens, sizes.batch)))
        return dx
    }

    package func gatherGradient(
        _ dy: OpenCLTensor, rows: [Int], batch: Int
    ) throws -> OpenCLTensor {
        let shape = dy.shape.withBatch(batch)
        _ = try gatheredShape(shape, rows: rows, after: nil)
        let dx = try makeTensor(shape)
        let width = shape.withBatch(1).elementCount
        try enqueue(
            KernelCall(
                "gather_gradient", in: "token_gradients",
                [
                    "dx": .tensor(dx), "dy": .tensor(dy),
                    "indices": .buffer(rowIndices(rows).buffer),
                    "batch": .int(batch), "rows": .int(rows.count), "width": .int(width),
                ], over: .elements(width, batch)))
        return dx
    }

    package func softSplitGradient(
        _ dy: OpenCLTensor, shape: Shape, geometry: PatchGeometry
    ) throws -> OpenCLTensor {
        let sizes = try SoftSplitSizes(shape, geometry: geometry)
        try requireShape("dy", dy.shape, sizes.outputShape)
        let dx = try makeTensor(shape)
        try enqueue(
            KernelCall(
                "fold_patches", in: "token_gradients",
                [
                    "dx": .tensor(dx), "patches": .tensor(dy), "batch": .int(sizes.batch),
                    "channels": .int(sizes.channels), "size": .int(sizes.side),
                    "grid": .int(sizes.grid), "side": .int(geometry.kernel),
                    "stride": .int(geometry.stride), "padding": .int(geometry.padding),
                    "channel_stride": .int(sizes.channelStride),
                    "pixel_stride": .int(sizes.pixelStride),
                ], over: .elements(sizes.side * sizes.side, sizes.channels, sizes.batch)))
        return dx
    }
}

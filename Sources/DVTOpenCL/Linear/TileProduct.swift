import DVTCore
import DVTSupport
import OpenCLRuntime

/// `output = left right` by `linear_tile.cl`, the right factor stored `[depth, columns]`.
///
/// Covers what ``OpenCLBackend/enqueueLinear(_:_:activation:residual:to:rows:)`` does not: other
/// layouts of the factors, sums over many rows that are split into chunks, and one left factor for
/// all images of a batch.
struct TileProduct {
    let rows: Int
    let columns: Int
    let depth: Int
    let left: OpenCLTensor
    /// Whether the left factor is stored `[depth, rows]`.
    var isLeftByDepth = false
    let right: OpenCLTensor
}

extension LocalTile {
    /// The tile for a product: the large one if it still occupies all compute units.
    ///
    /// - Parameters:
    ///   - rows: the product's rows.
    ///   - columns: its columns.
    ///   - batch: the number of such products that run together.
    ///   - units: the device's compute units.
    /// - Returns: the tile.
    static func fitting(rows: Int, columns: Int, batch: Int, units: Int) -> LocalTile {
        // Measured on 132 units: the large tile is slower at 156 groups and faster at 234.
        2 * batch * large.groups(rows: rows, columns: columns) > 3 * units ? large : standard
    }

    /// The number of work-groups that compute a product.
    func groups(rows: Int, columns: Int) -> Int {
        groupsDown(rows) * groupsAcross(columns)
    }

    func groupsDown(_ rows: Int) -> Int { ceilDiv(rows, self.rows) }
    func groupsAcross(_ columns: Int) -> Int { ceilDiv(columns, self.columns) }
}

extension OpenCLBackend {
    /// Enqueues `activation(left right + bias)` for each right factor of a batch.
    ///
    /// - Parameters:
    ///   - product: the factors; the right one is `[batch, depth, columns]`.
    ///   - factors: the right factors to use, at most the device's work-groups per dimension.
    ///   - capacity: the maximum number of factors, which determines the tile and the program.
    ///   - bias: `[rows]`, or nil.
    ///   - activation: applied after the bias.
    ///   - output: `[batch, rows, columns]`.
    ///   - first: the index of the first result in the output.
    /// - Throws: ``OpenCLError`` or ``OpenCLBackendError`` if the device fails.
    func enqueueTileProduct(
        _ product: TileProduct, factors: Range<Int> = 0..<1, capacity: Int = 1,
        bias: OpenCLTensor? = nil, activation: Activation = .identity, to output: OpenCLTensor,
        first: Int = 0
    ) throws {
        let tile = LocalTile.fitting(
            rows: product.rows, columns: product.columns, batch: capacity,
            units: context.device.computeUnits)
        try enqueue(
            product, by: tile, sharing: "BATCHED", groups: factors.count, bias: bias,
            activation: activation, to: output,
            offsets: [
                "first_factor": .int(factors.lowerBound), "first_result": .int(first),
            ])
    }

    /// Enqueues a product with few elements and large depth: sums chunks of the depth in parallel,
    /// then adds the partial sums.
    ///
    /// - Parameters:
    ///   - product: the factors.
    ///   - output: `[rows, columns]`, float32.
    /// - Throws: ``OpenCLError`` or ``OpenCLBackendError`` if the device fails.
    func enqueueChunkedTileProduct(_ product: TileProduct, to output: OpenCLTensor) throws {
        let elements = product.rows * product.columns
        guard elements > 0 else { return }
        let tile = LocalTile.standard
        let groups = tile.groups(rows: product.rows, columns: product.columns)
        // Four work-groups per compute unit hide latency; a chunk has at least eight tiles.
        let wanted = 4 * context.device.computeUnits / groups
        let chunks = max(1, min(wanted, product.depth / (8 * tile.depth)))
        let partial = chunks > 1 ? try makeScratch([chunks, elements], .float32) : output
        try enqueue(product, by: tile, sharing: "CHUNKED", groups: chunks, to: partial)
        guard chunks > 1 else { return }
        try enqueueChunkSums(of: partial, to: output, chunks: chunks, columns: elements)
    }

    /// Enqueues the kernel; `sharing` is the macro that defines what a group computes.
    private func enqueue(
        _ product: TileProduct, by tile: LocalTile, sharing: String, groups: Int,
        bias: OpenCLTensor? = nil, activation: Activation = .identity, to output: OpenCLTensor,
        offsets: KernelArguments = [:]
    ) throws {
        guard product.rows > 0, product.columns > 0, groups > 0 else { return }
        let layout =
            ["LEFT_BY_DEPTH=\(product.isLeftByDepth ? 1 : 0)", "RIGHT_BY_DEPTH=1", sharing]
        try enqueue(
            KernelCall(
                "linear_tile", in: "linear_tile", macros: tile.macros + layout,
                [
                    "y": .output(output), "x": .tensor(product.left),
                    "weight": .tensor(product.right), "bias": .float32(bias), "residual": .none,
                    "rows": .int(product.rows), "inputs": .int(product.depth),
                    "outputs": .int(product.columns), "activation": .activation(activation),
                ] + offsets,
                over: .groups(
                    [tile.groupsDown(product.rows), tile.groupsAcross(product.columns), groups],
                    items: [tile.items, tile.items, 1])))
    }
}

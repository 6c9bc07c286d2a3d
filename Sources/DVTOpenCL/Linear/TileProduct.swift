import DVTCore
import OpenCLRuntime

/// `output = left right` by `linear_tile.cl`, the right factor stored `[depth, columns]`.
///
/// It serves what a linear map's own launch does not: factors stored otherwise, sums over so many
/// rows that they are cut into chunks, and one left factor for a whole batch.
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
    /// The tile for a product: a large one where every compute unit has work all the same.
    ///
    /// - Parameters:
    ///   - rows: the product's rows.
    ///   - columns: its columns.
    ///   - batch: how many such products run together.
    ///   - units: the device's compute units.
    /// - Returns: the tile.
    static func fitting(rows: Int, columns: Int, batch: Int, units: Int) -> LocalTile {
        // Measured on 132 units: 156 groups of the large tile lost to the standard one, 234 won.
        2 * batch * large.groups(rows: rows, columns: columns) > 3 * units ? large : standard
    }

    /// How many work-groups compute a product.
    func groups(rows: Int, columns: Int) -> Int {
        groupsDown(rows) * groupsAcross(columns)
    }

    func groupsDown(_ rows: Int) -> Int { (rows + self.rows - 1) / self.rows }
    func groupsAcross(_ columns: Int) -> Int { (columns + self.columns - 1) / self.columns }
}

extension OpenCLBackend {
    /// Enqueues `activation(left right + bias)` for each right factor of a batch.
    ///
    /// - Parameters:
    ///   - product: the factors; the right one is `[batch, depth, columns]`.
    ///   - factors: which of the right factors; no more than a dimension may have groups.
    ///   - capacity: how many there are at most: the tile, and so the program, is chosen for them.
    ///   - bias: `[rows]`, or nil.
    ///   - activation: applied after the bias.
    ///   - output: `[batch, rows, columns]`.
    ///   - first: where in the output the first result goes.
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
            offsets: [.int(factors.lowerBound), .int(first)])
    }

    /// Enqueues a product with few elements that each sum over many rows: chunks of the depth are
    /// summed side by side, and then the chunks.
    ///
    /// - Parameters:
    ///   - product: the factors.
    ///   - output: `[rows, columns]`.
    /// - Throws: ``OpenCLError`` or ``OpenCLBackendError`` if the device fails.
    func enqueueChunkedTileProduct(_ product: TileProduct, to output: OpenCLTensor) throws {
        let elements = product.rows * product.columns
        guard elements > 0 else { return }
        let tile = LocalTile.standard
        let groups = tile.groups(rows: product.rows, columns: product.columns)
        // Four groups a unit hide each other's waiting; a chunk takes eight tiles at least.
        let wanted = 4 * context.device.computeUnits / groups
        let chunks = max(1, min(wanted, product.depth / (8 * tile.depth)))
        let partial = chunks > 1 ? try makeScratch([chunks, elements]) : output
        try enqueue(product, by: tile, sharing: "CHUNKED", groups: chunks, to: partial)
        guard chunks > 1 else { return }
        try enqueueElements(
            "sum_chunks", in: "column_sums",
            [.tensor(output), .tensor(partial), .int(1), .int(chunks), .int(elements)],
            over: [elements, 1])
    }

    /// Enqueues the kernel; `sharing` is the macro that says what its groups are.
    private func enqueue(
        _ product: TileProduct, by tile: LocalTile, sharing: String, groups: Int,
        bias: OpenCLTensor? = nil, activation: Activation = .identity, to output: OpenCLTensor,
        offsets: [KernelArgument] = []
    ) throws {
        guard product.rows > 0, product.columns > 0, groups > 0 else { return }
        let layout =
            ["LEFT_BY_DEPTH=\(product.isLeftByDepth ? 1 : 0)", "RIGHT_BY_DEPTH=1", sharing]
        try queue.enqueue(
            kernels.kernel("linear_tile", in: "linear_tile", defines: tile.defines + layout),
            arguments: [
                .tensor(output), .tensor(product.left), .tensor(product.right), .tensor(bias),
                .none, .int(product.rows), .int(product.depth), .int(product.columns),
                .int(activation.kernelCode),
            ] + offsets,
            global: [
                tile.groupsDown(product.rows) * tile.items,
                tile.groupsAcross(product.columns) * tile.items, groups,
            ], local: [tile.items, tile.items, 1])
    }
}

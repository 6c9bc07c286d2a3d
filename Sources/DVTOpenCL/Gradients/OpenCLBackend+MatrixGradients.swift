import DVTCore
import DVTSupport
import OpenCLRuntime

/// The matrices of a batch of products of `product_mma.cl`: one per head and image.
private struct HeadMatrices {
    let tensor: OpenCLTensor
    /// The first element of the first matrix.
    var first = 0
    /// The elements from one row to the next.
    let pitch: Int
    /// The elements from one image, and from one head, to the next.
    let (image, head): (Int, Int)
    /// Whether a factor is stored by depth, not by rows.
    var isByDepth = false

    /// The same matrices as factors stored by depth.
    var byDepth: HeadMatrices {
        var copy = self
        copy.isByDepth = true
        return copy
    }
}

extension LinearGradientSizes {
    /// Whether rows begin at multiples of 16 bytes in 16 bits.
    var isAligned: Bool { inputs % 8 == 0 && outputs % 8 == 0 }
}

extension OpenCLBackend {
    /// Enqueues a weight's gradient, `dy^T x`, on matrix instructions.
    ///
    /// - Parameters:
    ///   - dy: `[rows, outputs]`.
    ///   - x: `[rows, inputs]`.
    ///   - sizes: the sizes, which are aligned.
    ///   - weight: the gradient `[outputs, inputs]`, float32.
    /// - Throws: ``OpenCLError`` if the device fails.
    func enqueueWeightGradient(
        _ dy: OpenCLTensor, _ x: OpenCLTensor, _ sizes: LinearGradientSizes,
        to weight: OpenCLTensor
    ) throws {
        let elements = sizes.outputs * sizes.inputs
        guard elements > 0 else { return }
        let tile = ProductTile(
            rows: sizes.outputs, columns: sizes.inputs, on: matrixInstructions)
        // Two work-groups per compute unit hide latency; a chunk has at least eight steps.
        let groups = tile.groups(rows: sizes.outputs, columns: sizes.inputs)
        let wanted = ceilDiv(2 * context.device.computeUnits, groups)
        let chunk = max(
            ceilDiv(sizes.rows, wanted).roundedUp(toMultipleOf: ProductTile.depth),
            8 * ProductTile.depth)
        let chunks = max(1, ceilDiv(sizes.rows, chunk))
        let partial = chunks > 1 ? try makeScratch([chunks, elements], .float32) : weight
        try enqueue(
            KernelCall(
                "product_mma", in: "product_mma",
                macros: tile.macros + ["CHUNKED", "LEFT_BY_DEPTH", "RIGHT_BY_DEPTH"]
                    + matrixInstructions.macros,
                [
                    "y": .output(partial), "left": .tensor(dy), "right": .tensor(x),
                    "rows": .int(sizes.outputs), "columns": .int(sizes.inputs),
                    "depth": .int(sizes.rows), "scale": .float(1), "y_pitch": .int(sizes.inputs),
                    "left_pitch": .int(sizes.outputs), "right_pitch": .int(sizes.inputs),
                    "chunk": .int(chunk),
                ],
                over: tile.grid(
                    rows: sizes.outputs, columns: sizes.inputs, products: chunks)))
        guard chunks > 1 else { return }
        try enqueueChunkSums(of: partial, to: weight, chunks: chunks, columns: elements)
    }

    /// Enqueues the gradient of attention on matrix instructions: four products per head, and the
    /// softmax between the first and the others.
    ///
    /// - Parameter call: the operands.
    /// - Returns: the gradient of the attention logits, `[B, H, Q, P]`.
    /// - Throws: ``OpenCLError`` if the device fails.
    func enqueueMatrixGradient(_ call: AttentionGradientCall) throws -> OpenCLTensor {
        let sizes = call.sizes
        let (queries, tokens, width) = (sizes.queries, sizes.tokens, sizes.headWidth)
        let all = sizes.heads * width
        let pitch = tokens.roundedUp(toMultipleOf: 8)
        let weights = try makeTensor([sizes.batch, sizes.heads, queries, pitch])
        let changes = try makeTensor(weights.shape)
        func pairs(_ tensor: OpenCLTensor) -> HeadMatrices {
            HeadMatrices(
                tensor: tensor, pitch: pitch, image: sizes.heads * queries * pitch,
                head: queries * pitch)
        }
        // q, k and v, or their gradients.
        func part(_ part: Int, of tensor: OpenCLTensor) -> HeadMatrices {
            HeadMatrices(
                tensor: tensor, first: part * all, pitch: 3 * all, image: tokens * 3 * all,
                head: width)
        }
        let dy = HeadMatrices(tensor: call.dy, pitch: all, image: queries * all, head: width)
        func enqueue(
            _ left: HeadMatrices, _ right: HeadMatrices, to y: HeadMatrices, rows: Int,
            columns: Int, depth: Int, scale: Float = 1
        ) throws {
            try enqueueProducts(
                left, right, to: y, rows: rows, columns: columns, depth: depth, scale: scale,
                sizes)
        }
        try enqueue(
            dy, part(2, of: call.qkv), to: pairs(changes), rows: queries, columns: tokens,
            depth: width)
        try enqueueSoftmaxGradient(call, weights: weights, changes: changes, pitch: pitch)
        try enqueue(
            pairs(changes), part(1, of: call.qkv).byDepth, to: part(0, of: call.dqkv),
            rows: queries, columns: width, depth: tokens, scale: call.scale)
        try enqueue(
            pairs(changes).byDepth, part(0, of: call.qkv).byDepth, to: part(1, of: call.dqkv),
            rows: tokens, columns: width, depth: queries, scale: call.scale)
        try enqueue(
            pairs(weights).byDepth, dy.byDepth, to: part(2, of: call.dqkv), rows: tokens,
            columns: width, depth: queries)
        return changes
    }

    /// Enqueues a product per head and image.
    private func enqueueProducts(
        _ left: HeadMatrices, _ right: HeadMatrices, to y: HeadMatrices, rows: Int, columns: Int,
        depth: Int, scale: Float, _ sizes: AttentionSizes
    ) throws {
        guard sizes.batch > 0 else { return }
        let tile = ProductTile(rows: rows, columns: columns, on: matrixInstructions)
        try enqueue(
            KernelCall(
                "product_mma", in: "product_mma",
                macros: tile.macros + (left.isByDepth ? ["LEFT_BY_DEPTH"] : [])
                    + (right.isByDepth ? ["RIGHT_BY_DEPTH"] : []) + matrixInstructions.macros,
                [
                    "y": .output(y.tensor), "left": .tensor(left.tensor),
                    "right": .tensor(right.tensor), "rows": .int(rows), "columns": .int(columns),
                    "depth": .int(depth), "scale": .float(scale), "y_pitch": .int(y.pitch),
                    "left_pitch": .int(left.pitch), "right_pitch": .int(right.pitch),
                    "inner": .int(sizes.heads), "y_first": .int(y.first),
                    "y_outer": .int(y.image), "y_inner": .int(y.head),
                    "left_first": .int(left.first), "left_outer": .int(left.image),
                    "left_inner": .int(left.head), "right_first": .int(right.first),
                    "right_outer": .int(right.image), "right_inner": .int(right.head),
                ],
                over: tile.grid(
                    rows: rows, columns: columns, products: sizes.batch * sizes.heads)))
    }

    /// Enqueues the weights of the softmax, and the gradient of the logits from that of the weights.
    private func enqueueSoftmaxGradient(
        _ call: AttentionGradientCall, weights: OpenCLTensor, changes: OpenCLTensor, pitch: Int
    ) throws {
        let sizes = call.sizes
        try enqueue(
            KernelCall(
                "softmax_gradient", in: "softmax_gradient",
                [
                    "weights": .tensor(weights), "changes": .tensor(changes),
                    "logits": .tensor(call.logits.store), "dlogits": .tensor(call.dlogits),
                    "tokens": .int(sizes.tokens), "attending": .int(sizes.queries),
                    "heads": .int(sizes.heads), "kept_channels": .int(sizes.keptChannels),
                    "kept_channel": .int(call.logits.channel),
                    "kept_pitch": .int(call.logits.store.rowPitch), "pitch": .int(pitch),
                ], over: .rows(sizes.batch * sizes.heads * sizes.queries, items: 64)))
    }
}

/// The tile of a work-group of `product_mma.cl`.
private struct ProductTile {
    /// The depth of a stage.
    static let depth = 32
    /// The fragments of a subgroup along rows and along columns.
    private let fragments: Int
    private let items: Int

    /// The largest tile that the product fills and whose sums stay in registers.
    init(rows: Int, columns: Int, on instructions: MatrixInstructions) {
        let most =
            switch instructions.family {
            case .ptx, .cdna, .emulated: 4
            case .rdna3, .rdna4: 2
            case .xmx16, .xmx8: 1
            }
        fragments = min(most, min(rows, columns) > 64 ? 4 : 2)
        items = 4 * instructions.lanes
    }

    private var side: Int { 2 * 16 * fragments }

    var macros: [String] { ["FRAGMENTS=\(fragments)"] }

    /// The number of work-groups that compute a product.
    func groups(rows: Int, columns: Int) -> Int { ceilDiv(rows, side) * ceilDiv(columns, side) }

    func grid(rows: Int, columns: Int, products: Int) -> KernelGrid {
        .groups(
            [ceilDiv(columns, side), ceilDiv(rows, side), products], items: [items, 1, 1])
    }
}

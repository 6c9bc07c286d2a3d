/// The tile of a work-group of `linear_float.cl`.
package struct FloatTile: Hashable, Sendable {
    /// The work-items down and across, multiples of 8.
    let (itemsDown, itemsAcross): (Int, Int)
    /// The blocks of 4 x 4 outputs per work-item, down and across.
    let (blocksDown, blocksAcross): (Int, Int)
    /// The inputs per row of each of the two stages in local memory.
    let depth: Int

    private init(items: (Int, Int), blocks: (Int, Int), depth: Int) {
        (itemsDown, itemsAcross) = items
        (blocksDown, blocksAcross) = blocks
        self.depth = depth
    }

    var items: Int { itemsDown * itemsAcross }
    var rows: Int { 4 * itemsDown * blocksDown }
    var columns: Int { 4 * itemsAcross * blocksAcross }
    /// The local memory of a work-group, in bytes.
    var localBytes: Int { 2 * depth * (rows + columns) * 4 }

    /// The registers per work-item to which NVIDIA's compiler must be limited, or nil: with one more
    /// than 128, a multiprocessor holds one work-group of 256 instead of two.
    var maxRegisters: Int? { items == 256 && blocksDown * blocksAcross > 1 ? 128 : nil }

    /// The macros of `linear_float.cl`.
    var macros: [String] {
        [
            "ITEMS_Y=\(itemsDown)", "ITEMS_X=\(itemsAcross)", "QUADS_Y=\(blocksDown)",
            "QUADS_X=\(blocksAcross)", "DEPTH=\(depth)",
        ]
    }

    /// 128 x 128 outputs, 8 x 8 per work-item: the most arithmetic per read of local memory.
    static let standard = FloatTile(items: (16, 16), blocks: (2, 2), depth: 8)

    /// Every tile: smaller ones for layers with fewer outputs than the device computes at once.
    static let all = [
        standard,
        FloatTile(items: (16, 8), blocks: (2, 2), depth: 8),
        FloatTile(items: (8, 16), blocks: (2, 2), depth: 8),
        FloatTile(items: (8, 8), blocks: (2, 2), depth: 8),
        FloatTile(items: (16, 16), blocks: (1, 1), depth: 16),
        FloatTile(items: (8, 8), blocks: (1, 1), depth: 16),
    ]
}

extension FloatTile: CustomStringConvertible {
    /// Rows, columns and depth, for example `128x128x8`.
    package var description: String { "\(rows)x\(columns)x\(depth)" }
}

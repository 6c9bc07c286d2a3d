import DVTSupport

/// The tile of a work-group of `linear_mma.cl`.
package struct MatrixTile: Hashable, Sendable {
    /// The fragments of 16 x 16 outputs per subgroup, down and across.
    let (fragmentsDown, fragmentsAcross): (Int, Int)
    /// The subgroups of a work-group, down and across.
    let (subgroupsDown, subgroupsAcross): (Int, Int)
    /// The subgroups that share the depth of each of these.
    let subgroupsDeep: Int
    /// The bytes of depth that a stage in local memory holds.
    let stageDepthBytes: Int
    /// The stages: one is multiplied while the others are copied.
    let stages: Int

    private init(
        _ fragments: (Int, Int), _ subgroups: (Int, Int, Int), depth: Int, stages: Int
    ) {
        (fragmentsDown, fragmentsAcross) = fragments
        (subgroupsDown, subgroupsAcross, subgroupsDeep) = subgroups
        stageDepthBytes = depth
        self.stages = stages
    }

    var rows: Int { 16 * fragmentsDown * subgroupsDown }
    var columns: Int { 16 * fragmentsAcross * subgroupsAcross }
    var subgroups: Int { subgroupsDown * subgroupsAcross * subgroupsDeep }

    /// The work-items of a work-group.
    ///
    /// - Parameter lanes: the work-items of a subgroup.
    /// - Returns: their number.
    func items(lanes: Int) -> Int { lanes * subgroups }

    /// The local memory of a work-group, in bytes, which is the larger of the stages and the strips
    /// of sums that replace them.
    var localBytes: Int {
        max(
            stages * (rows + columns) * stageDepthBytes,
            subgroups * 16 * (16 * fragmentsAcross + 8) * 4)
    }

    /// Whether the tile suits matrix instructions: the work-items copy whole rows of it, and the
    /// sums fit into registers.
    func runs(on instructions: MatrixInstructions) -> Bool {
        let copied = items(lanes: instructions.lanes) / (stageDepthBytes / 16)
        let limits = Self.limits(instructions.family)
        return rows % copied == 0 && columns % copied == 0
            && fragmentsDown * fragmentsAcross <= limits.fragments
            && copies(lanes: instructions.lanes) <= limits.copies
            && 4 * fragmentsAcross <= instructions.lanes
    }

    /// The copies of 16 bytes of a work-item per stage.
    private func copies(lanes: Int) -> Int {
        (rows + columns) * stageDepthBytes / 16 / items(lanes: lanes)
    }

    /// The most fragments whose sums stay in registers, and copies that do.
    private static func limits(
        _ family: MatrixInstructions.Family
    ) -> (fragments: Int, copies: Int) {
        switch family {
        case .ptx, .cdna, .emulated: (16, 64)
        case .rdna3, .rdna4: (8, 64)
        case .xmx16: (4, 12)
        case .xmx8: (2, 12)
        }
    }

    /// Whether the kernel can normalize its input: every row has a work-item, and those of a row
    /// share its chunks evenly.
    func normalizes(on instructions: MatrixInstructions) -> Bool {
        let items = items(lanes: instructions.lanes)
        return items >= rows && (stageDepthBytes / 16) % (items / rows) == 0
    }

    /// The macros of `linear_mma.cl`.
    var macros: [String] {
        [
            "FRAGMENTS_Y=\(fragmentsDown)", "FRAGMENTS_X=\(fragmentsAcross)",
            "SUBGROUPS_Y=\(subgroupsDown)", "SUBGROUPS_X=\(subgroupsAcross)",
            "SUBGROUPS_K=\(subgroupsDeep)", "ROW=\(stageDepthBytes)", "STAGES=\(stages)",
        ]
    }

    /// 128 x 128 outputs by four subgroups and 48 KiB, which every supported GPU grants.
    static let standard = MatrixTile((4, 4), (2, 2, 1), depth: 64, stages: 3)

    /// Every tile: large ones for many rows, and small ones whose subgroups share the depth for few.
    static let all = [
        standard,
        MatrixTile((4, 3), (2, 2, 1), depth: 64, stages: 3),
        MatrixTile((4, 2), (2, 4, 1), depth: 64, stages: 3),
        MatrixTile((2, 4), (2, 2, 1), depth: 64, stages: 3),
        MatrixTile((2, 2), (2, 4, 1), depth: 64, stages: 3),
        MatrixTile((2, 2), (2, 2, 1), depth: 64, stages: 3),
        MatrixTile((1, 2), (2, 2, 1), depth: 128, stages: 3),
        MatrixTile((1, 2), (1, 4, 1), depth: 128, stages: 2),
        MatrixTile((2, 2), (1, 1, 4), depth: 256, stages: 2),
        MatrixTile((1, 2), (1, 1, 4), depth: 256, stages: 2),
        // For subgroups of 8 and 16.
        MatrixTile((1, 2), (4, 4, 1), depth: 64, stages: 3),
        MatrixTile((1, 2), (2, 4, 1), depth: 64, stages: 3),
    ]
}

extension MatrixTile: CustomStringConvertible {
    /// Rows and columns of the tile and its subgroups, for example `128x128-4`; `32x32-4k` if they
    /// share the depth.
    package var description: String {
        "\(rows)x\(columns)-\(subgroups)\(subgroupsDeep > 1 ? "k" : "")"
    }
}

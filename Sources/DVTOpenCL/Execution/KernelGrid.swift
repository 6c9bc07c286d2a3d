/// The work-items of a launch and the work-groups that they form.
struct KernelGrid: Equatable {
    /// The work-items along each dimension.
    let global: [Int]
    /// The work-items of a work-group along each dimension.
    let local: [Int]
    /// The macro `WG` for kernels that receive the size of a work-group, or none.
    let macros: [String]

    private init(global: [Int], local: [Int], macros: [String] = []) {
        self.global = global
        self.local = local
        self.macros = macros
    }

    /// One work-item per element, in work-groups of 64 along the first dimension.
    ///
    /// NVIDIA devices take at most 65,535 work-groups along the second and third dimension, so the
    /// kernels stride along these. They ignore work-items beyond the first extent.
    ///
    /// - Parameter extents: the elements along each dimension.
    /// - Returns: the grid.
    static func elements(_ extents: Int...) -> KernelGrid {
        KernelGrid(
            global: extents.prefix(1) + extents.dropFirst().map { min($0, 65_535) },
            local: [64] + extents.dropFirst().map { _ in 1 })
    }

    /// One work-group per row.
    ///
    /// - Parameters:
    ///   - rows: the number of rows.
    ///   - items: the work-items of a work-group; the kernel receives them as the macro `WG`.
    /// - Returns: the grid.
    static func rows(_ rows: Int, items: Int) -> KernelGrid {
        KernelGrid(global: [rows * items], local: [items], macros: ["WG=\(items)"])
    }

    /// Work-groups of a given shape.
    ///
    /// - Parameters:
    ///   - counts: the work-groups along each dimension.
    ///   - items: the work-items of a work-group along each dimension.
    /// - Returns: the grid.
    static func groups(_ counts: [Int], items: [Int]) -> KernelGrid {
        KernelGrid(global: zip(counts, items).map { $0 * $1 }, local: items)
    }

    /// Work-groups of one work-item.
    ///
    /// - Parameter counts: the work-groups along each dimension.
    /// - Returns: the grid.
    static func groups(_ counts: Int...) -> KernelGrid {
        KernelGrid(global: counts, local: counts.map { _ in 1 })
    }
}

import DVTModel

/// Small cascades of every shape that reuse allows, on images of 56 x 56.
package enum TestCascades {
    /// The sides of the token grids, stage by stage: one stage; the MindSpore model's two; the
    /// paper's three; four; and one whose second stage has fewer tokens.
    package static let grids = [[14], [7, 14], [7, 10, 14], [4, 7, 10, 14], [14, 10]]

    /// A cascade with both reuses.
    ///
    /// - Parameters:
    ///   - grids: the sides of the token grids.
    ///   - widths: D of each stage; nil means 32 for all.
    ///   - featureReuse: whether features are reused.
    ///   - relationReuse: whether attention logits are reused.
    /// - Returns: the cascade.
    /// - Throws: ``ModelError`` if the sizes do not fit.
    package static func cascade(
        _ grids: [Int], widths: [Int]? = nil, featureReuse: Bool = true,
        relationReuse: Bool = true
    ) throws -> CascadeConfiguration {
        let stages = grids.enumerated().map { index, grid in
            var stage = VisionTransformerConfiguration(
                patch: .covering(56, patch: (56 + grid - 1) / grid),
                width: widths?[index] ?? 32, depth: 2, heads: 2, classes: 5)
            stage.imageSize = 56
            return stage
        }
        return try CascadeConfiguration(
            stages, name: "test", featureReuse: featureReuse, relationReuse: relationReuse)
    }
}

internal import DVTCore
package import DVTModel

extension VisionTransformerConfiguration {
    /// The pixel range of each row or column of the token grid.
    ///
    /// Ranges of patches that extend into the padding end at the image border. Patches that overlap
    /// meet halfway between their centers. T2T tokens have overlapping windows instead of patches,
    /// so the image is divided evenly.
    package var tokenSpans: [Range<Double>] {
        let size = Double(imageSize)
        guard tokenizer == .linear else {
            let length = size / Double(grid)
            return (0..<grid).map { Double($0) * length..<Double($0 + 1) * length }
        }
        return (0..<grid).map { index in
            let start = Double(index * patch.stride - patch.padding)
            // Half of what a patch shares with each neighbor.
            let shared = Double(max(patch.kernel - patch.stride, 0)) / 2
            let lower = index == 0 ? start : start + shared
            let upper = start + Double(patch.kernel) - (index == grid - 1 ? 0 : shared)
            return max(lower, 0)..<min(upper, size)
        }
    }
}

internal import DVTCore
package import DVTModel

extension VisionTransformerConfiguration {
    /// The pixel range of each row or column of the token grid.
    ///
    /// Ranges of patches that extend into the padding end at the image border. T2T tokens have
    /// overlapping windows instead of patches, so the image is divided evenly.
    package var tokenSpans: [Range<Double>] {
        let size = Double(imageSize)
        guard tokenizer == .linear else {
            let length = size / Double(grid)
            return (0..<grid).map { Double($0) * length..<Double($0 + 1) * length }
        }
        return (0..<grid).map { index in
            let start = Double(index * patch.stride - patch.padding)
            return max(start, 0)..<min(start + Double(patch.kernel), size)
        }
    }
}

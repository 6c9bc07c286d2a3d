internal import DVTCore
package import DVTModel

extension VisionTransformerConfiguration {
    /// The pixels along one axis that the token grid's rows, or columns, stand for.
    ///
    /// Patches that reach into the padding end where the image does. A token of a T2T model has no
    /// patch of its own: its windows overlap, so the image is divided evenly.
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

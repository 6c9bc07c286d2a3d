package import DVTCore
import DVTSupport

/// Image batches that depend only on a seed, so any implementation can reproduce them.
package enum SyntheticImages {
    private static let coarseSide = 14

    /// Returns a batch of smooth patches with noise, cycling through four contrasts.
    ///
    /// Image n is `0.5 (n mod 4 + 1) coarse + 0.25 fine`. Here coarse is `[B, C, 14, 14]`, uniform
    /// in [-1, 1), and pixel row y of S uses its row `floor(14 y / S)`; fine has one such value per
    /// pixel.
    ///
    /// - Parameters:
    ///   - shape: `[B, C, S, S]`.
    ///   - seed: the seed of the batch.
    /// - Returns: the images, in the given shape.
    package static func batch(_ shape: Shape, seed: UInt64) -> Tensor {
        let (channels, size) = (shape[1], shape[2])
        let coarse = SeededValues(name: "input.coarse", seed: seed)
        let fine = SeededValues(name: "input.fine", seed: seed)
        let values = (0..<shape.elementCount).map { index in
            let (row, x) = index.quotientAndRemainder(dividingBy: size)
            let (plane, y) = row.quotientAndRemainder(dividingBy: size)
            let contrast = 0.5 * Float(plane / channels % 4 + 1)
            let patch =
                (plane * coarseSide + y * coarseSide / size) * coarseSide
                + x * coarseSide / size
            return coarse[patch] * contrast + 0.25 * fine[index]
        }
        return Tensor(shape, values: values)
    }
}

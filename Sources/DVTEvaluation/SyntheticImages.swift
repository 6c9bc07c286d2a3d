public import DVTCore
import DVTSupport

/// Image batches that depend on a seed alone, so that any implementation can make the same.
public enum SyntheticImages {
    private static let coarseSide = 14

    /// A batch of smooth patches under noise, in four contrasts that take turns.
    ///
    /// Image n is `0.5 (n mod 4 + 1) coarse + 0.25 fine`, where coarse is `[B, C, 14, 14]` uniform
    /// numbers in [-1, 1), pixel y of S showing row `floor(14 y / S)`, and fine is as many as
    /// pixels.
    ///
    /// - Parameters:
    ///   - shape: `[B, C, S, S]`.
    ///   - seed: the seed.
    /// - Returns: the images.
    public static func batch(_ shape: Shape, seed: UInt64) -> Tensor {
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

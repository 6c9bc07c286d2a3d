public import DVTCore

/// Image batches that depend on a seed alone, so that any implementation can make the same.
public enum SyntheticImages {
    private static let coarseSide = 14

    /// A batch of smooth patches under noise, in four contrasts that take turns.
    ///
    /// Image n is `0.5 (n mod 4 + 1) coarse + 0.25 fine`, where coarse is `[B, C, 14, 14]` uniform
    /// numbers in [-1, 1) repeated to the image's size and fine is as many as pixels.
    ///
    /// - Parameters:
    ///   - shape: `[B, C, S, S]`; S is a multiple of 14.
    ///   - seed: the seed.
    /// - Returns: the images.
    public static func batch(_ shape: Shape, seed: UInt64) -> Tensor {
        let (channels, size) = (shape[1], shape[2])
        precondition(size % coarseSide == 0, "the side is a multiple of \(coarseSide)")
        let coarse = SeededValues(name: "input.coarse", seed: seed)
        let fine = SeededValues(name: "input.fine", seed: seed)
        let cell = size / coarseSide
        let values = (0..<shape.elementCount).map { index in
            let (row, x) = index.quotientAndRemainder(dividingBy: size)
            let (plane, y) = row.quotientAndRemainder(dividingBy: size)
            let contrast = 0.5 * Float(plane / channels % 4 + 1)
            let patch = (plane * coarseSide + y / cell) * coarseSide + x / cell
            return coarse[patch] * contrast + 0.25 * fine[index]
        }
        return Tensor(shape, values: values)
    }
}

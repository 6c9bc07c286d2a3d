import DVTSupport

extension Tensor {
    /// Creates a tensor of uniform numbers in [-1, 1) that depend on `name` and `seed` alone.
    ///
    /// - Parameters:
    ///   - shape: the extents.
    ///   - name: the stream's name.
    ///   - seed: the seed.
    ///   - scale: each number is multiplied by this in float32.
    ///   - offset: and then has this added.
    /// - Returns: the tensor.
    public static func uniform(
        _ shape: Shape, name: String, seed: UInt64, scale: Float = 1, offset: Float = 0
    ) -> Tensor {
        let stream = SeededValues(name: name, seed: seed)
        return Tensor(shape, values: (0..<shape.elementCount).map { offset + scale * stream[$0] })
    }
}

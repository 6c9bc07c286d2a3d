import DVTSupport

extension Tensor {
    /// Creates a tensor `offset + scale * u`, with u uniform in [-1, 1) from `name` and `seed`.
    ///
    /// - Parameters:
    ///   - shape: the extents.
    ///   - name: the name of the random stream.
    ///   - seed: the seed.
    ///   - scale: the factor, applied in float32.
    ///   - offset: the offset.
    /// - Returns: the tensor.
    public static func uniform(
        _ shape: Shape, name: String, seed: UInt64, scale: Float = 1, offset: Float = 0
    ) -> Tensor {
        let stream = SeededValues(name: name, seed: seed)
        return Tensor(shape, values: (0..<shape.elementCount).map { offset + scale * stream[$0] })
    }
}

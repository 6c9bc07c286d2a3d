/// A dense float32 tensor in host memory, row-major.
public struct Tensor: Sendable, Equatable {
    /// The extents.
    public let shape: Shape
    /// The elements, row-major; `shape.elementCount` of them.
    public var values: [Float]

    /// Creates a tensor from its elements.
    ///
    /// - Parameters:
    ///   - shape: the extents.
    ///   - values: the elements, row-major; exactly `shape.elementCount`.
    public init(_ shape: Shape, values: [Float]) {
        precondition(
            values.count == shape.elementCount,
            "\(values.count) values cannot fill a tensor of shape \(shape)")
        self.shape = shape
        self.values = values
    }

    /// Creates a tensor whose elements all have one value.
    ///
    /// - Parameters:
    ///   - shape: the extents.
    ///   - value: the value of every element.
    public init(_ shape: Shape, repeating value: Float) {
        self.init(shape, values: [Float](repeating: value, count: shape.elementCount))
    }

    /// Reshapes the tensor without changing its elements.
    ///
    /// - Parameter shape: the new extents; `elementCount` must not change.
    /// - Returns: the reshaped tensor.
    public func reshaped(_ shape: Shape) -> Tensor {
        Tensor(shape, values: values)
    }
}

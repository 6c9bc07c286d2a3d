/// The extents of a tensor, outermost first; elements are stored row-major.
public struct Shape: Hashable, Sendable {
    /// The extent of each axis.
    public let dimensions: [Int]

    /// Creates a shape from its extents.
    ///
    /// - Parameter dimensions: the extents, outermost first; none may be negative.
    public init(_ dimensions: [Int]) {
        precondition(dimensions.allSatisfy { $0 >= 0 }, "a shape has no negative extents")
        self.dimensions = dimensions
    }

    /// The number of axes.
    public var rank: Int { dimensions.count }

    /// The number of elements, the product of the extents (1 for a scalar).
    public var elementCount: Int { dimensions.reduce(1, *) }

    /// The size of the elements in bytes, as float32.
    public var byteCount: Int { elementCount * MemoryLayout<Float>.stride }

    /// The extent of one axis.
    ///
    /// - Parameter axis: the axis; a negative one counts from the last, as in NumPy.
    public subscript(axis: Int) -> Int {
        dimensions[axis < 0 ? axis + dimensions.count : axis]
    }

    /// The number of rows of the matrix view: the product of all extents but the last.
    public var rowCount: Int { dimensions.dropLast().reduce(1, *) }

    /// Replaces the outermost extent.
    ///
    /// - Parameter count: the new outermost extent.
    /// - Returns: the new shape.
    public func withBatch(_ count: Int) -> Shape {
        Shape([count] + dimensions.dropFirst())
    }
}

extension Shape: ExpressibleByArrayLiteral {
    /// Creates a shape from a literal such as `[2, 197, 384]`.
    ///
    /// - Parameter elements: the extents, outermost first.
    public init(arrayLiteral elements: Int...) {
        self.init(elements)
    }
}

extension Shape: CustomStringConvertible {
    /// The extents in brackets, for example `[2, 197, 384]`.
    public var description: String {
        "[" + dimensions.map(String.init).joined(separator: ", ") + "]"
    }
}

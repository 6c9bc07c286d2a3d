package import DVTCore

/// The distance of a tensor from its expected value.
package struct Distance: Equatable, Sendable {
    /// `|actual - expected| / |expected|` in the L2 norm; 0 if both are zero.
    package let relativeL2: Double
    /// The largest absolute difference of two elements.
    package let largestError: Double

    init(relativeL2: Double, largestError: Double) {
        self.relativeL2 = relativeL2
        self.largestError = largestError
    }

    /// Measures the distance between two tensors.
    ///
    /// - Parameters:
    ///   - actual: the computed tensor.
    ///   - expected: the expected tensor, of the same shape.
    /// - Throws: ``/DVTCore/ShapeError`` if the shapes differ.
    package init(_ actual: Tensor, from expected: Tensor) throws {
        guard actual.shape == expected.shape else {
            throw ShapeError.mismatch(
                name: "tensor", expected: expected.shape, actual: actual.shape)
        }
        var (difference, norm, largest) = (0.0, 0.0, 0.0)
        for (x, y) in zip(actual.values, expected.values) {
            let error = abs(Double(x) - Double(y))
            difference += error * error
            norm += Double(y) * Double(y)
            // `max` would drop a NaN.
            largest = error > largest || error.isNaN ? error : largest
        }
        relativeL2 = difference == 0 ? 0 : (difference / norm).squareRoot()
        largestError = largest
    }
}

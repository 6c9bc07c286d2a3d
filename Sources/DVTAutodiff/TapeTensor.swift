package import DVTCore

/// A tensor on a ``GradientTape``: a value and, after a backward pass, its gradient.
package final class TapeTensor<Base: DifferentiableBackend>: BackendTensor {
    /// The value.
    package let value: Base.DeviceTensor
    /// Whether the backward pass computes a gradient for this tensor.
    let needsGradient: Bool
    /// The gradient accumulated so far.
    package internal(set) var gradient: Base.DeviceTensor?
    /// Whether the gradient has no other references and may be updated in place.
    private var ownsGradient = false
    /// Whether attention writes into it, as into a store of relations.
    package internal(set) var isWritten = false

    /// The shape.
    package var shape: Shape { value.shape }

    init(_ value: Base.DeviceTensor, needsGradient: Bool) {
        self.value = value
        self.needsGradient = needsGradient
    }

    /// Clears the gradient.
    package func clearGradient() {
        gradient = nil
    }

    /// Adds to the gradient if the tensor needs one.
    func accumulate(_ part: Base.DeviceTensor, on base: Base) throws {
        guard needsGradient else { return }
        ownsGradient = gradient != nil
        gradient = try gradient.map { try base.sum($0, part) } ?? part
    }

    /// The gradient for an operation that adds to it in place; zeros if there was none.
    func gradientInPlace(on base: Base) throws -> Base.DeviceTensor {
        if let gradient, ownsGradient { return gradient }
        let own = try gradient.map { try base.sum($0, base.zeros(shape)) } ?? base.zeros(shape)
        gradient = own
        ownsGradient = true
        return own
    }
}

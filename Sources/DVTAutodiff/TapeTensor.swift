package import DVTCore

/// A tensor on a ``GradientTape``: a value, and once the tape has run back, its gradient.
package final class TapeTensor<Base: DifferentiableBackend>: BackendTensor {
    /// The value.
    package let value: Base.DeviceTensor
    /// Whether the loss's derivatives by this tensor are wanted.
    let needsGradient: Bool
    /// The gradient as far as it is known.
    package internal(set) var gradient: Base.DeviceTensor?
    /// Whether nothing else refers to the gradient, so that it may change in place.
    private var ownsGradient = false
    /// Whether attentions write into it, as they do into a store of relations.
    package internal(set) var isWritten = false

    /// The extents.
    package var shape: Shape { value.shape }

    init(_ value: Base.DeviceTensor, needsGradient: Bool) {
        self.value = value
        self.needsGradient = needsGradient
    }

    /// Forgets the gradient.
    package func clearGradient() {
        gradient = nil
    }

    /// Adds to the gradient, if it is wanted.
    func accumulate(_ part: Base.DeviceTensor, on base: Base) throws {
        guard needsGradient else { return }
        ownsGradient = gradient != nil
        gradient = try gradient.map { try base.sum($0, part) } ?? part
    }

    /// A gradient that an operation adds to in place; zeros where there was none.
    func gradientInPlace(on base: Base) throws -> Base.DeviceTensor {
        if let gradient, ownsGradient { return gradient }
        let own = try gradient.map { try base.sum($0, base.zeros(shape)) } ?? base.zeros(shape)
        gradient = own
        ownsGradient = true
        return own
    }
}

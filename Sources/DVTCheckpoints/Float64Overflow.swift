import DVTSupport

/// A float64 element that is finite, but beyond the range of float32.
struct Float64Overflow: Error {
    let value: Double

    /// What to do.
    static let remedy = "check the model; an infinity that is meant must be stored as one"

    /// The problem of a tensor with such an element, for messages.
    static func statement(_ tensor: String, _ value: Double) -> String {
        """
        tensor \(quoted(tensor)) has the float64 \(value), and float32 ends at \
        \(Float.greatestFiniteMagnitude)
        """
    }
}

extension Float {
    /// The float32 nearest to a float64; NaN and infinities are kept.
    ///
    /// - Parameter value: the float64.
    /// - Returns: the float32.
    /// - Throws: ``Float64Overflow`` if a finite number would become an infinity.
    static func narrowed(_ value: Double) throws(Float64Overflow) -> Float {
        let result = Float(value)
        guard result.isFinite || !value.isFinite else { throw Float64Overflow(value: value) }
        return result
    }
}

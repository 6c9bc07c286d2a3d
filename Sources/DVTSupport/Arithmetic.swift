/// The quotient of two integers, rounded up.
///
/// - Parameters:
///   - dividend: a non-negative number.
///   - divisor: a positive number.
/// - Returns: the smallest integer that is at least `dividend / divisor`.
@inlinable
package func ceilDiv(_ dividend: Int, _ divisor: Int) -> Int {
    (dividend + divisor - 1) / divisor
}

extension Int {
    /// This non-negative number, rounded up to a multiple of another.
    ///
    /// - Parameter step: a positive number.
    /// - Returns: the multiple.
    @inlinable
    package func roundedUp(toMultipleOf step: Int) -> Int {
        ceilDiv(self, step) * step
    }
}

/// The quotient rounded up.
///
/// - Parameters:
///   - dividend: a number of 0 or more.
///   - divisor: a number above 0.
/// - Returns: the least integer of at least `dividend / divisor`.
@inlinable
package func ceilDiv(_ dividend: Int, _ divisor: Int) -> Int {
    (dividend + divisor - 1) / divisor
}

extension Int {
    /// The least multiple of at least this number, which is 0 or more.
    ///
    /// - Parameter step: a number above 0.
    /// - Returns: the multiple.
    @inlinable
    package func roundedUp(toMultipleOf step: Int) -> Int {
        ceilDiv(self, step) * step
    }
}

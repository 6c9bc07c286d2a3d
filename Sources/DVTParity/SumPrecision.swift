/// The precision in which a backend sums products.
package enum SumPrecision: Sendable {
    /// Double, like the reference.
    case double
    case float32
    /// float32 sums of factors rounded to float16.
    case mixed

    /// The tolerance of an operation, given its tolerance in float32.
    package func tolerance(_ float32: Double) -> Double {
        self == .mixed ? max(float32, 1e-3) : float32
    }

    /// The accepted number of different decisions: none, or fewer than one in 200.
    package func allowedDifferences(of decisions: Int) -> Int {
        self == .mixed ? decisions / 200 : 0
    }

    /// The accepted error as a multiple of the float32 error.
    var yardsticks: Double { self == .double ? 1 : 4 }
}

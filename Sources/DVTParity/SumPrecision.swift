import DVTSupport

/// The precision in which a backend stores tensors and sums products.
package enum SumPrecision: Sendable {
    /// Double, like the reference.
    case double
    case float32
    /// Tensors in float16, float32 sums.
    case float16
    /// Tensors in bfloat16, float32 sums.
    case bfloat16

    /// Rounds a number as the backend stores it, or nil if that is exact.
    package var rounding: ((Float) -> Float)? {
        let format: HalfFormat
        switch self {
        case .double, .float32: return nil
        case .float16: format = .float16
        case .bfloat16: format = .bfloat16
        }
        return { format.decode(format.encode($0)) }
    }

    /// The tolerance of an operation whose inputs are exact in this precision.
    ///
    /// Outputs are rounded by up to 2^-11 or 2^-8 of their value, 0.3 of that on average; stored
    /// intermediates, such as the hidden layer of an MLP, add about as much again.
    ///
    /// - Parameters:
    ///   - float32: its tolerance in float32.
    ///   - roundings: the tolerance in 16 bits as a multiple of the above.
    /// - Returns: the relative L2 distance.
    package func tolerance(_ float32: Double, roundings: Double = 1) -> Double {
        switch self {
        case .double, .float32: float32
        case .float16: roundings * 0x1p-10
        case .bfloat16: roundings * 0x1p-7
        }
    }

    /// The accepted number of different exit decisions: 0.2 % in float16 and 1.5 % in bfloat16; of
    /// few decisions, one or two may lie at their threshold.
    package func allowedDifferences(of decisions: Int) -> Int {
        switch self {
        case .double, .float32: 0
        case .float16: max(1, decisions * 2 / 1000)
        case .bfloat16: max(2, decisions * 15 / 1000)
        }
    }

    /// The accepted relative L2 error of a model's logits, or of its intermediates, whatever the
    /// float32 error; nil if the float32 error sets the tolerance.
    func limit(isLogits: Bool) -> Double? {
        switch self {
        case .double, .float32: nil
        case .float16: isLogits ? 2e-3 : 4e-3
        case .bfloat16: isLogits ? 1.2e-2 : 3e-2
        }
    }

    /// The accepted error as a multiple of the float32 error.
    var yardsticks: Double { self == .double ? 1 : 4 }
}

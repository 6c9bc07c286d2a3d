import DVTCore
import DVTOutput
import DVTSupport
import Glibc

/// Formats a nonnegative number with a fixed number of decimals.
///
/// - Parameters:
///   - value: a finite number.
///   - decimals: the number of digits after the decimal point, at least 1.
/// - Returns: the text.
func decimalText(_ value: Double, decimals: Int = 2) -> String {
    let scale = pow(10, Double(decimals))
    let (whole, rest) = Int((value * scale).rounded()).quotientAndRemainder(dividingBy: Int(scale))
    let digits = String(rest)
    return "\(whole)." + String(repeating: "0", count: decimals - digits.count) + digits
}

extension OutputValue {
    /// Formats a number as `1.2e-07`; other values are unchanged.
    @Sendable static func scientific(_ value: OutputValue) -> OutputValue {
        guard case .double(let number) = value, number.isFinite else { return value }
        guard number != 0 else { return .string("0") }
        var exponent = Int(log10(abs(number)).rounded(.down))
        var tenths = (abs(number) / pow(10, Double(exponent)) * 10).rounded()
        if tenths >= 100 {
            (tenths, exponent) = (10, exponent + 1)
        }
        let digits = "\(Int(tenths) / 10).\(Int(tenths) % 10)"
        let magnitude = abs(exponent) < 10 ? "0\(abs(exponent))" : "\(abs(exponent))"
        return .string("\(number < 0 ? "-" : "")\(digits)e\(exponent < 0 ? "-" : "+")\(magnitude)")
    }
}

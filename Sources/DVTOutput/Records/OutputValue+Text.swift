import DVTCore
import DVTSupport
import Glibc

// Values as people read them and as fields of CSV; JSON has its own file.
extension OutputValue {
    /// The text that people see.
    ///
    /// - Parameter decimals: the digits after the point of a number.
    /// - Returns: one line that does nothing to a terminal.
    func textForPeople(decimals: Int) -> String {
        switch self {
        case .null: "-"
        case .bool(let value): value ? "yes" : "no"
        case .int(let value): String(value)
        case .double(let value): fixedPoint(value, decimals: decimals)
        case .string(let value): printable(value)
        case .array(let values):
            values.map { $0.textForPeople(decimals: decimals) }.joined(separator: ", ")
        case .object: printable(jsonText)
        }
    }

    /// The text of a field of CSV, not yet quoted.
    var textForCSV: String {
        switch self {
        case .null: ""
        case .bool(let value): String(value)
        case .int(let value): String(value)
        case .double(let value): String(value)
        case .string(let value): value
        case .array(let values): values.map(\.textForCSV).joined(separator: ";")
        case .object: jsonText
        }
    }
}

/// A number with a fixed count of digits after the point, rounded to nearest.
///
/// - Parameters:
///   - value: the number.
///   - decimals: how many digits.
/// - Returns: the text; very large numbers and those that are not finite as Swift prints them.
func fixedPoint(_ value: Double, decimals: Int) -> String {
    guard abs(value) < 1e15 else {
        return String(value)
    }
    let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
        // 16 digits, a sign, a point and the terminator leave room for 45 decimals.
        let arguments: [any CVarArg] = [CInt(max(0, min(decimals, 40))), value]
        _ = withVaList(arguments) { vsnprintf(buffer.baseAddress, buffer.count, "%.*f", $0) }
        return buffer.baseAddress.map { String(cString: $0) } ?? ""
    }
    // A loss of -0.001 is not worth a minus sign in front of zeros.
    let isZero = text.utf8.allSatisfy { "-0.".utf8.contains($0) }
    return isZero && text.hasPrefix("-") ? String(text.dropFirst()) : text
}

import DVTCore
import DVTSupport
import Glibc

// Values as text for people and as CSV fields.
extension OutputValue {
    /// The text shown to people.
    ///
    /// - Parameter decimals: the decimals of a number.
    /// - Returns: one line without terminal control characters.
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

    /// The text of a CSV field, not yet quoted.
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

/// A number with a fixed number of decimals, rounded to nearest.
///
/// - Parameters:
///   - value: the number.
///   - decimals: the number of decimals.
/// - Returns: the text; numbers from 10^15 and those that are not finite as Swift prints them.
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
    // No minus sign in front of zeros.
    let isZero = text.utf8.allSatisfy { "-0.".utf8.contains($0) }
    return isZero && text.hasPrefix("-") ? String(text.dropFirst()) : text
}

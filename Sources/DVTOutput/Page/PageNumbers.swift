import FoundationEssentials

/// A number without trailing zeros, for coordinates and lengths: `12.5`, `3`.
///
/// - Parameters:
///   - value: the number.
///   - decimals: the maximum number of decimals.
/// - Returns: the text.
package func shortNumber(_ value: Double, decimals: Int = 2) -> String {
    let text = fixedPoint(value, decimals: decimals)
    guard text.contains("."), !text.contains("e") else { return text }
    let digits = text.reversed().drop { $0 == "0" }.drop { $0 == "." }
    return String(digits.reversed())
}

/// Bytes for a data URI.
///
/// - Parameter bytes: the bytes.
/// - Returns: their padded base64 on one line.
package func base64(_ bytes: [UInt8]) -> String {
    Data(bytes).base64EncodedString()
}

/// A number as short as its decimals allow: `12.5`, `3`, for coordinates and lengths.
///
/// - Parameters:
///   - value: the number.
///   - decimals: the most digits after the point.
/// - Returns: the text, without zeros at its end.
package func shortNumber(_ value: Double, decimals: Int = 2) -> String {
    let text = fixedPoint(value, decimals: decimals)
    guard text.contains("."), !text.contains("e") else { return text }
    let digits = text.reversed().drop { $0 == "0" }.drop { $0 == "." }
    return String(digits.reversed())
}

/// Bytes in the letters that a data URI may have.
///
/// - Parameter bytes: the bytes.
/// - Returns: their base64, padded, on one line.
package func base64(_ bytes: [UInt8]) -> String {
    let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = bytes[start..<min(start + 3, bytes.count)]
        let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
        for position in 0..<4 {
            let letter = letters[bits >> (18 - 6 * position) & 63]
            text.append(position <= group.count ? letter : UInt8(ascii: "="))
        }
    }
    return String(decoding: text, as: UTF8.self)
}

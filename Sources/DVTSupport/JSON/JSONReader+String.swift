extension JSONReader {
    /// Reads a string in valid UTF-8 with complete escapes.
    ///
    /// - Returns: the text.
    /// - Throws: ``JSONError`` if the next value is not a valid string.
    package mutating func readString() throws(JSONError) -> String {
        let quote = offset
        try expect("\"")
        let start = offset
        skipPlainText()
        if next == UInt8(ascii: "\"") {
            return try endString(bytes(since: start), openedAt: quote)
        }
        var text = Array(bytes(since: start))
        while next == UInt8(ascii: "\\") {
            try readEscape(into: &text)
            let plainStart = offset
            skipPlainText()
            text += bytes(since: plainStart)
        }
        return try endString(text[...], openedAt: quote)
    }

    private mutating func endString(
        _ text: ArraySlice<UInt8>, openedAt quote: Int
    ) throws(JSONError) -> String {
        guard let next else {
            throw .invalid(reason: "a string without an end", offset: quote)
        }
        guard next == UInt8(ascii: "\"") else {
            throw .invalid(reason: "a control character in a string", offset: offset)
        }
        advance()
        guard let string = String(validating: text, as: UTF8.self) else {
            throw .invalid(reason: "a string that is not UTF-8", offset: quote)
        }
        return string
    }

    /// Skips to a quotation mark, a backslash, a control character or the end.
    private mutating func skipPlainText() {
        while let next, next >= 0x20, next != UInt8(ascii: "\""), next != UInt8(ascii: "\\") {
            advance()
        }
    }

    private mutating func readEscape(into text: inout [UInt8]) throws(JSONError) {
        let start = offset
        advance()
        guard let letter = next else {
            throw .invalid(reason: "a string without an end", offset: start)
        }
        advance()
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            text += Array(String(try readEscapedScalar(from: start)).utf8)
        default:
            throw .invalid(reason: "an unknown escape in a string", offset: start)
        }
    }

    /// Reads the digits after `\u`, and a second escape if the first is a leading surrogate.
    private mutating func readEscapedScalar(from start: Int) throws(JSONError) -> Unicode.Scalar {
        var code = UInt32(try readFourDigits())
        if UTF16.isLeadSurrogate(UInt16(code)), next == UInt8(ascii: "\\") {
            try expect("\\u")
            let trail = try readFourDigits()
            if UTF16.isTrailSurrogate(trail) {
                code = 0x10000 + (code & 0x3FF) << 10 + UInt32(trail) & 0x3FF
            }
        }
        guard let scalar = Unicode.Scalar(code) else {
            throw .invalid(reason: "half of a surrogate pair in a string", offset: start)
        }
        return scalar
    }

    private mutating func readFourDigits() throws(JSONError) -> UInt16 {
        var code: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw .invalid(reason: "fewer than four digits after \\u", offset: offset)
            }
            code = code << 4 | UInt16(digit)
            advance()
        }
        return code
    }
}

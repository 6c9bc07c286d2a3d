extension JSONReader {
    /// Reads one value of any kind.
    ///
    /// - Returns: the value; a number written as an integer that fits `Int` becomes
    ///   ``JSONValue/int(_:)``.
    /// - Throws: ``JSONError``.
    package mutating func readValue() throws -> JSONValue {
        switch next {
        case UInt8(ascii: "{"):
            var members: [(key: String, value: JSONValue)] = []
            try readObject { reader, key in members.append((key, try reader.readValue())) }
            return .object(members)
        case UInt8(ascii: "["):
            var elements: [JSONValue] = []
            try readArray { reader in elements.append(try reader.readValue()) }
            return .array(elements)
        case UInt8(ascii: "\""): return .string(try readString())
        case UInt8(ascii: "t"):
            try expect("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try expect("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try expect("null")
            return .null
        default: return try readNumber()
        }
    }

    private mutating func readNumber() throws(JSONError) -> JSONValue {
        let start = offset
        try skipNumber()
        let text = String(decoding: bytes(since: start), as: UTF8.self)
        if let integer = Int(text) { return .int(integer) }
        guard let number = Double(text), number.isFinite else {
            throw .invalid(reason: "a number that is too large", offset: start)
        }
        return .double(number)
    }
}

extension JSONValue {
    /// Parses a text.
    ///
    /// - Parameter text: strict JSON in UTF-8, optionally surrounded by white space.
    /// - Throws: ``JSONError``.
    package init(parsing text: [UInt8]) throws {
        var reader = JSONReader(text)
        reader.skipSpace()
        self = try reader.readValue()
        reader.skipSpace()
        guard reader.rest.isEmpty else {
            throw JSONError.invalid(reason: "more than one value", offset: reader.offset)
        }
    }
}

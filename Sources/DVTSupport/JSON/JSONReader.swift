/// Text that is not strict JSON, or does not contain the expected kind of value.
package enum JSONError: Error, Equatable {
    /// The text violates the grammar or contains another kind of value at byte `offset`.
    case invalid(reason: String, offset: Int)
    /// An object contains a key twice.
    case duplicateKey(String, offset: Int)
    /// Arrays and objects are nested deeper than `limit`.
    case nestedTooDeeply(limit: Int, offset: Int)
}

extension JSONError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .invalid(let reason, let offset): "it has \(reason) at its byte \(offset)"
        case .duplicateKey(let key, let offset):
            "it repeats the key \(quoted(key)) at its byte \(offset)"
        case .nestedTooDeeply(let limit, let offset):
            "it nests more than \(limit) arrays and objects at its byte \(offset)"
        }
    }
}

/// A streaming reader of strict JSON.
///
/// The caller reads the value it expects next; ``skipValue()`` skips any other. Unlike Foundation's
/// reader, it rejects repeated keys, keeps integers exact, and reads the bytes in one pass. Invalid
/// text is reported as ``JSONError``; closures may throw other errors.
package struct JSONReader {
    /// The maximum nesting depth of arrays and objects, to prevent a stack overflow.
    package static let nestingLimit = 64

    /// The offset of the next byte.
    package private(set) var offset = 0
    private let bytes: [UInt8]
    private var depth = 0

    /// Creates a reader at the first byte.
    ///
    /// - Parameter bytes: the text, in UTF-8.
    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The bytes not yet read.
    package var rest: ArraySlice<UInt8> { bytes[offset...] }

    /// Reads an object whose keys are distinct.
    ///
    /// - Parameter member: called with each key; must read exactly that key's value.
    /// - Throws: ``JSONError``, and errors of `member`.
    package mutating func readObject(
        _ member: (inout JSONReader, String) throws -> Void
    ) throws {
        var seen: Set<String> = []
        try readList(open: "{", close: "}") { reader in
            let keyOffset = reader.offset
            let key = try reader.readString()
            // Swift compares strings by canonical equivalence: two encodings of an accented name
            // would later be the same dictionary key, so they are rejected too.
            guard seen.insert(key).inserted else {
                throw JSONError.duplicateKey(key, offset: keyOffset)
            }
            reader.skipSpace()
            try reader.expect(":")
            reader.skipSpace()
            try member(&reader, key)
        }
    }

    /// Reads an array.
    ///
    /// - Parameter element: called before each element; must read exactly that element.
    /// - Throws: ``JSONError``, and errors of `element`.
    package mutating func readArray(
        _ element: (inout JSONReader) throws -> Void
    ) throws {
        try readList(open: "[", close: "]", element)
    }

    /// Reads an integer without sign, fraction or exponent, exactly.
    ///
    /// - Returns: the integer, at most `Int.max`.
    /// - Throws: ``JSONError`` if the next value is of another kind.
    package mutating func readInteger() throws(JSONError) -> Int {
        let start = offset
        if next == UInt8(ascii: "-") {
            throw .invalid(
                reason: "a negative number where a size or offset belongs", offset: start)
        }
        var value = 0
        while let digit = next.map({ $0 &- UInt8(ascii: "0") }), digit <= 9 {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int(digit))
            guard !overflow, !carry else {
                throw .invalid(reason: "an integer above \(Int.max)", offset: start)
            }
            value = sum
            offset += 1
        }
        guard offset > start else {
            throw .invalid(reason: "no integer where one belongs", offset: start)
        }
        guard bytes[start] != UInt8(ascii: "0") || offset == start + 1 else {
            throw .invalid(reason: "a number that begins with 0", offset: start)
        }
        if let next, ".eE".utf8.contains(next) {
            throw .invalid(reason: "a number that is not written as an integer", offset: start)
        }
        return value
    }

    /// Skips one value of any kind after checking its grammar.
    ///
    /// - Throws: ``JSONError``.
    package mutating func skipValue() throws {
        switch next {
        case UInt8(ascii: "{"):
            try readObject { reader, _ in try reader.skipValue() }
        case UInt8(ascii: "["):
            try readArray { reader in try reader.skipValue() }
        case UInt8(ascii: "\""): _ = try readString()
        case UInt8(ascii: "t"): try expect("true")
        case UInt8(ascii: "f"): try expect("false")
        case UInt8(ascii: "n"): try expect("null")
        default: try skipNumber()
        }
    }

    private mutating func readList(
        open: StaticString, close: StaticString,
        _ item: (inout JSONReader) throws -> Void
    ) throws {
        try expect(open)
        depth += 1
        guard depth <= Self.nestingLimit else {
            throw JSONError.nestedTooDeeply(limit: Self.nestingLimit, offset: offset - 1)
        }
        skipSpace()
        if next != close.utf8Start.pointee {
            while true {
                try item(&self)
                skipSpace()
                guard next == UInt8(ascii: ",") else { break }
                offset += 1
                skipSpace()
            }
        }
        try expect(close)
        depth -= 1
    }

    mutating func skipNumber() throws(JSONError) {
        let start = offset
        if next == UInt8(ascii: "-") { offset += 1 }
        let leadsWithZero = next == UInt8(ascii: "0")
        let wholeDigits = skipDigits()
        var isNumber = wholeDigits > 0 && !(leadsWithZero && wholeDigits > 1)
        if next == UInt8(ascii: ".") {
            offset += 1
            isNumber = skipDigits() > 0 && isNumber
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            offset += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { offset += 1 }
            isNumber = skipDigits() > 0 && isNumber
        }
        guard isNumber else {
            throw .invalid(reason: "no value where one belongs", offset: start)
        }
    }

    private mutating func skipDigits() -> Int {
        let start = offset
        while let byte = next, byte &- UInt8(ascii: "0") <= 9 { offset += 1 }
        return offset - start
    }
}

// Shared by the readers of values.
extension JSONReader {
    /// The byte at `offset`, or nil at the end.
    package var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    /// The bytes from an earlier offset up to the current one.
    func bytes(since start: Int) -> ArraySlice<UInt8> {
        bytes[start..<offset]
    }

    /// Skips bytes that the caller has examined.
    mutating func advance(_ count: Int = 1) {
        offset += count
    }

    /// Skips white space.
    package mutating func skipSpace() {
        while let next, next == 0x20 || next == 0x0A || next == 0x0D || next == 0x09 {
            offset += 1
        }
    }

    /// Skips `text`, which must be next.
    mutating func expect(_ text: StaticString) throws(JSONError) {
        for index in 0..<text.utf8CodeUnitCount {
            guard next == text.utf8Start[index] else {
                throw .invalid(reason: "'\(text)' is missing", offset: offset)
            }
            offset += 1
        }
    }
}

import DVTSupport

/// The header of a NumPy array (`.npy`): the type, order and shape of the elements after it.
///
/// - SeeAlso: the format, <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.
struct NumPyHeader: Equatable {
    /// The longest header, as in NumPy's reader.
    static let byteLimit = 10_000
    /// The most bytes before the elements.
    static let leadingByteCount = 12 + byteLimit

    /// The type, such as `<f4`; that of records is the text of their list.
    private(set) var type = ""
    /// Whether the first axis is the innermost.
    private(set) var isFortranOrder = false
    /// The extents.
    private(set) var shape: [Int] = []
    /// The number of bytes before the elements.
    let byteCount: Int

    /// Reads a header; nil if there is no valid one.
    ///
    /// - Parameter bytes: the start of the array, at least ``leadingByteCount`` bytes or all.
    init?(_ bytes: UnsafeRawBufferPointer) {
        var cursor = ByteCursor(bytes)
        guard let magic = cursor.take(6), magic.elementsEqual([0x93] + Array("NUMPY".utf8)),
            let version = cursor.integer(UInt8.self), cursor.integer(UInt8.self) == 0
        else { return nil }
        let length: Int?
        switch version {
        case 1: length = cursor.integer(UInt16.self).map(Int.init)
        case 2, 3: length = cursor.integer(UInt32.self).map(Int.init)
        default: return nil
        }
        guard let length, length <= Self.byteLimit, let text = cursor.take(length) else {
            return nil
        }
        byteCount = cursor.offset
        var literal = PythonLiteral([UInt8](text))
        guard read(&literal) else { return nil }
    }

    /// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`.
    private mutating func read(_ literal: inout PythonLiteral) -> Bool {
        var keys: Set<String> = []
        guard literal.skip("{") else { return false }
        while !literal.skip("}") {
            guard let key = literal.text(), literal.skip(":"), keys.insert(key).inserted else {
                return false
            }
            switch key {
            case "descr":
                guard let type = literal.text() ?? literal.list() else { return false }
                self.type = type
            case "fortran_order":
                guard let isFortranOrder = literal.bool() else { return false }
                self.isFortranOrder = isFortranOrder
            case "shape":
                guard let shape = literal.tuple() else { return false }
                self.shape = shape
            default: return false
            }
            guard literal.skip(",") || literal.isBefore("}") else { return false }
        }
        return literal.isAtEnd && keys.count == 3
    }
}

/// A reader of the Python literals in a header.
private struct PythonLiteral {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) {
        rest = bytes[...]
    }

    /// Whether only blanks follow.
    var isAtEnd: Bool { rest.allSatisfy { $0 == 0x20 || $0 == 0x0A } }

    /// Whether a character follows, after blanks.
    mutating func isBefore(_ character: Unicode.Scalar) -> Bool {
        rest = rest.drop { $0 == 0x20 }
        return rest.first == UInt8(ascii: character)
    }

    /// Skips a character, after blanks; returns whether it was there.
    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard isBefore(character) else { return false }
        rest.removeFirst()
        return true
    }

    /// Reads a text without escapes, or nothing.
    mutating func text() -> String? {
        guard let quote = (["'", "\""] as [Unicode.Scalar]).first(where: { isBefore($0) }),
            let end = rest.dropFirst().firstIndex(of: UInt8(ascii: quote))
        else { return nil }
        let text = rest[rest.startIndex + 1..<end]
        guard !text.contains(UInt8(ascii: "\\")) else { return nil }
        rest = rest[(end + 1)...]
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads the text of a list, with the lists in it, or nothing.
    mutating func list() -> String? {
        guard isBefore("[") else { return nil }
        var depth = 0
        for index in rest.indices {
            if rest[index] == UInt8(ascii: "[") { depth += 1 }
            if rest[index] == UInt8(ascii: "]") { depth -= 1 }
            guard depth == 0 else { continue }
            let text = rest[...index]
            rest = rest[(index + 1)...]
            return String(decoding: text, as: UTF8.self)
        }
        return nil
    }

    /// Reads a truth value, or nothing.
    mutating func bool() -> Bool? {
        for (word, value) in [("True", true), ("False", false)] {
            if isBefore(word.unicodeScalars[word.unicodeScalars.startIndex]),
                rest.starts(with: word.utf8)
            {
                rest = rest.dropFirst(word.utf8.count)
                return value
            }
        }
        return nil
    }

    /// Reads a tuple of numbers, or nothing.
    mutating func tuple() -> [Int]? {
        guard skip("(") else { return nil }
        var numbers: [Int] = []
        while !skip(")") {
            rest = rest.drop { $0 == 0x20 }
            let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard let number = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
            rest = rest[digits.endIndex...]
            // Python 2 wrote long integers so.
            _ = rest.first == UInt8(ascii: "L") ? rest.popFirst() : nil
            numbers.append(number)
            guard skip(",") || isBefore(")") else { return nil }
        }
        return numbers
    }
}

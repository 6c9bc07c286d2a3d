import DVTSupport
import Testing

@testable import DVTCore

private func error(in text: String, _ read: (inout JSONReader) throws -> Void) -> JSONError? {
    error(in: Array(text.utf8), read)
}

private func error(in bytes: [UInt8], _ read: (inout JSONReader) throws -> Void) -> JSONError? {
    var reader = JSONReader(bytes)
    do {
        try read(&reader)
        return nil
    } catch {
        return error as? JSONError
    }
}

@Suite struct JSONReaderTests {
    @Test(arguments: [
        ("\"\"", ""), ("\"a b\"", "a b"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
        (#""\u0041\u00e9\u00E9""#, "Aéé"), (#""\ud83d\ude00""#, "😀"), ("\"é😀\"", "é😀"),
        (#""\u0000""#, "\0"), ("\"\u{7F}\"", "\u{7F}"),
    ])
    func readsStrings(text: String, expected: String) throws {
        var reader = JSONReader(Array(text.utf8))
        #expect(try reader.readString() == expected)
        #expect(reader.rest.isEmpty)
    }

    @Test(arguments: [
        ("\"abc", "a string without an end", 0), ("\"a\\", "a string without an end", 2),
        ("\"a\nb\"", "a control character in a string", 2),
        (#""\x""#, "an unknown escape in a string", 1),
        (#""\u12""#, "fewer than four digits after \\u", 5),
        (#""\ud800""#, "half of a surrogate pair in a string", 1),
        (#""\ud800\u0041""#, "half of a surrogate pair in a string", 1),
        (#""\udc00""#, "half of a surrogate pair in a string", 1),
        (#""\ud800\n""#, "'\\u' is missing", 8),
        ("abc", "'\"' is missing", 0),
    ])
    func refusesStrings(text: String, reason: String, offset: Int) {
        let found = error(in: text) { _ = try $0.readString() }
        #expect(found == .invalid(reason: reason, offset: offset))
    }

    /// A lone continuation byte, an overlong slash, a surrogate and a truncated sequence.
    @Test(arguments: [[0x80], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xE2, 0x82]] as [[UInt8]])
    func refusesInvalidUTF8(bytes: [UInt8]) {
        let found = error(in: [0x22] + bytes + [0x22]) { _ = try $0.readString() }
        #expect(found == .invalid(reason: "a string that is not UTF-8", offset: 0))
    }

    @Test(arguments: [("0", 0), ("7]", 7), ("9223372036854775807", Int.max)])
    func readsIntegers(text: String, expected: Int) throws {
        var reader = JSONReader(Array(text.utf8))
        #expect(try reader.readInteger() == expected)
    }

    @Test(arguments: [
        ("-1", "a negative number where a size or offset belongs"),
        ("9223372036854775808", "an integer above 9223372036854775807"),
        ("18446744073709551616", "an integer above 9223372036854775807"),
        ("1" + String(repeating: "0", count: 400), "an integer above 9223372036854775807"),
        ("01", "a number that begins with 0"),
        ("1.0", "a number that is not written as an integer"),
        ("1e3", "a number that is not written as an integer"),
        ("", "no integer where one belongs"), ("\"1\"", "no integer where one belongs"),
        ("+1", "no integer where one belongs"), ("null", "no integer where one belongs"),
    ])
    func refusesIntegers(text: String, reason: String) {
        let found = error(in: text) { _ = try $0.readInteger() }
        #expect(found == .invalid(reason: reason, offset: 0))
    }

    @Test(arguments: [
        "null", "true", "false", "0", "-0", "-1.5e+10", "1E9", "1e999", "[]", "{}", "[[],{}]",
        #"{"a":[1,"b",{"c":null}],"d":{}}"#, "[ 1 ,\t2\r\n]", #"{ "a" : 1 , "b" : 2 }"#,
    ])
    func skipsValues(text: String) throws {
        var reader = JSONReader(Array(text.utf8))
        try reader.skipValue()
        #expect(reader.rest.isEmpty)
    }

    @Test(arguments: [
        "", "nul", "tru", "fals", "NaN", "Infinity", "-", "01", "1.", ".5", "1e", "1e+", "+1",
        "[1,]", "[1 2]", "[,1]", "[", "{", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, "{a:1}",
        #"{1:1}"#, #"{"a":1 "b":2}"#, "'a'", "[1}", "/* */1",
    ])
    func refusesInvalidJSON(text: String) {
        #expect(error(in: text) { try $0.skipValue() } != nil)
    }

    @Test func refusesARepeatedKey() {
        #expect(
            error(in: #"{"a":1,"a":2}"#) { try $0.skipValue() } == .duplicateKey("a", offset: 7))
        #expect(
            error(in: #"{"a":1,"\u0061":2}"#) { try $0.skipValue() }
                == .duplicateKey("a", offset: 7))
        #expect(error(in: #"[{"a":1},{"a":{"a":2}}]"#) { try $0.skipValue() } == nil)
    }

    /// One with a combining accent, one with a precomposed letter.
    @Test func refusesEquivalentSpellingsOfAKey() {
        let found = error(in: #"{"e\u0301":1,"\u00e9":2}"#) { try $0.skipValue() }
        #expect(found == .duplicateKey("é", offset: 13))
    }

    @Test(arguments: ["[", "{\"a\":"])
    func refusesDeepNesting(opening: String) {
        let limit = JSONReader.nestingLimit
        let deep = String(repeating: opening, count: 100_000)
        let offset = opening.utf8.count * limit
        #expect(
            error(in: deep) { try $0.skipValue() }
                == .nestedTooDeeply(limit: limit, offset: offset))
        let allowed =
            String(repeating: "[", count: limit) + String(repeating: "]", count: limit)
        #expect(error(in: allowed) { try $0.skipValue() } == nil)
    }
}

import DVTSupport
import Foundation
import Testing

@testable import DVTCore

@Suite struct JSONTextTests {
    @Test(arguments: [
        ("", "\"\""), ("a/b", "\"a/b\""), ("\"\\", #""\"\\""#), ("\n\r\t", #""\n\r\t""#),
        ("\r\n", #""\r\n""#), ("\0\u{1B}\u{1F}", #""\u0000\u001b\u001f""#),
        ("\u{7F}\u{85}\u{2028}\u{2029}", #""\u007f\u0085\u2028\u2029""#), ("é😀", "\"é😀\""),
        ("e\u{301}", "\"e\u{301}\""), ("\u{FFFD}", "\"\u{FFFD}\""),
    ])
    func jsonStringsAreEscaped(text: String, expected: String) {
        #expect(jsonString(text).unicodeScalars.elementsEqual(expected.unicodeScalars))
    }

    /// Invalid UTF-8 becomes replacement characters, so JSON stays Unicode.
    @Test func invalidBytesAreReplaced() {
        let text = String(decoding: [0x61, 0xFF, 0xED, 0xA0, 0x80] as [UInt8], as: UTF8.self)
        #expect(jsonString(text) == "\"a\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\"")
    }

    /// Foundation reads back every scalar at the edges of the first two planes.
    @Test func anotherReaderReadsEveryCharacter() throws {
        let values =
            Array(0...0x3000) + Array(0xD7FF...0xE000) + [0xFFFD, 0xFFFE, 0x1F600, 0x10FFFF]
        let scalars = values.compactMap { Unicode.Scalar(UInt32($0)) }
        let text = scalars.reduce(into: "") { $0.unicodeScalars.append($1) }
        let data = Data(JSONValue.array([.string(text)]).jsonText.utf8)
        let read = try #require(JSONSerialization.jsonObject(with: data) as? [String])
        #expect(read[0].unicodeScalars.elementsEqual(text.unicodeScalars))
    }

    @Test func jsonNumbersKeepEveryBit() throws {
        let values = [
            0, -0.0, 0.1, 1, 1e16, 1e-5, -1.5e300, .pi, .leastNonzeroMagnitude,
            .greatestFiniteMagnitude, 123_456_789.123,
        ]
        let text = JSONValue.array(values.map(JSONValue.double)).jsonText
        let data = Data(text.utf8)
        let read = try #require(JSONSerialization.jsonObject(with: data) as? [Double])
        #expect(read == values)
        #expect(JSONValue.array([.int(.max), .int(.min)]).jsonText == "[\(Int.max),\(Int.min)]")
    }

    @Test func nonFiniteNumbersAreNull() {
        let values: [JSONValue] = [.double(.nan), .double(.infinity), .double(-.infinity)]
        #expect(JSONValue.array(values).jsonText == "[null,null,null]")
    }

    @Test func membersKeepTheirOrder() {
        let value: JSONValue = ["z": 1, "a": ["b": nil], "\"": [true, "x"]]
        #expect(value.jsonText == #"{"z":1,"a":{"b":null},"\"":[true,"x"]}"#)
    }
}

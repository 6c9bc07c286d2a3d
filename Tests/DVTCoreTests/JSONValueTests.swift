import DVTSupport
import Testing

@testable import DVTCore

@Suite struct JSONValueTests {
    @Test(arguments: [
        "null", "true", "false", "0", "-1", "1.5", "-2.5e-07", "\"a\"", "[]", "{}",
        "[1,[2,{\"a\":null}],\"b\"]", "{\"z\":1,\"a\":[true,false]}", "\(Int.max)", "\(Int.min)",
    ])
    func valuesRoundTrip(text: String) throws {
        #expect(try JSONValue(parsing: Array(text.utf8)).jsonText == text)
    }

    @Test func spaceIsAllowedAroundValues() throws {
        let text = " \n{ \"a\" : [ 1 , 2 ] }\t\r\n"
        #expect(try JSONValue(parsing: Array(text.utf8)).jsonText == #"{"a":[1,2]}"#)
    }

    @Test func integersBeyondIntAreNumbers() throws {
        let value = try JSONValue(parsing: Array("9223372036854775808".utf8))
        guard case .double(let number) = value else {
            Issue.record("\(value) is not a number")
            return
        }
        #expect(number == 9_223_372_036_854_775_808)
    }

    @Test(arguments: [
        "", " ", "nul", "tru", "01", "-", "1.", "1e", "+1", ".5", "[1,]", "[1", "{\"a\"}",
        "{\"a\":1,\"a\":2}", "1 2", "[] x", "1e999", "NaN", "\"\u{1}\"", "'a'",
    ])
    func invalidJSONIsRefused(text: String) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text.utf8)) }
    }

    @Test func deepNestingIsRefused() throws {
        let limit = JSONReader.nestingLimit
        let fits = String(repeating: "[", count: limit) + String(repeating: "]", count: limit)
        #expect(try JSONValue(parsing: Array(fits.utf8)).jsonText == fits)
        #expect(throws: JSONError.nestedTooDeeply(limit: limit, offset: limit)) {
            try JSONValue(parsing: Array("[\(fits)]".utf8))
        }
    }
}

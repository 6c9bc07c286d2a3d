import DVTCore
import DVTSupport
import Testing

@testable import DVTOutput

@Suite struct OutputTextTests {
    @Test func floatsKeepTheirShortText() {
        #expect(OutputValue.float(0.1).jsonText == "0.1")
        #expect(OutputValue.float(1e-7).jsonText == "1e-07")
        #expect(OutputValue.float(.nan).jsonText == "null")
        #expect(OutputValue.float(-.infinity).textForCSV == "-inf")
    }

    @Test(arguments: [
        (0.125, 2, "0.12"), (0.375, 2, "0.38"), (2.5, 0, "2"), (-1.005, 1, "-1.0"),
        (-0.001, 2, "0.00"), (-0.0, 1, "0.0"), (1234.5, 3, "1234.500"), (.nan, 2, "nan"),
        (-.infinity, 2, "-inf"), (1e300, 2, "1e+300"), (-1e14, 1, "-100000000000000.0"),
        (1, 60, "1." + String(repeating: "0", count: 40)),
    ])
    func numbersHaveFixedDecimals(value: Double, decimals: Int, expected: String) {
        #expect(fixedPoint(value, decimals: decimals) == expected)
    }

    @Test func controlCharactersAreEscaped() {
        let value = OutputValue.string("a\u{1B}[2J\r\n\u{202E}b\u{85}")
        #expect(value.textForPeople(decimals: 2) == #"a\u{1B}[2J\r\n\u{202E}b\u{0085}"#)
        #expect(OutputValue.string("👩‍👧").textForPeople(decimals: 2) == "👩‍👧")
        #expect(
            OutputValue.array([nil, true, "x", 1.0]).textForPeople(decimals: 1) == "-, yes, x, 1.0")
        #expect(
            OutputValue.object([("a", "\u{202E}")]).textForPeople(decimals: 1)
                == #"{"a":"\u{202E}"}"#)
    }

    @Test func indicesForPeopleStartAtOne() {
        let value: OutputValue = [0, 4, "x"]
        #expect(OutputValue.oneBased(value).textForPeople(decimals: 0) == "1, 5, x")
        #expect(OutputValue.optional(nil as Int?, OutputValue.int).textForCSV == "")
        #expect(OutputValue.optional(3, OutputValue.int).textForCSV == "3")
    }

    /// RFC 4180: a field with a comma, a quotation mark or a line break is quoted.
    @Test(arguments: [
        ("plain", "plain"), (" a ", " a "), ("a,b", "\"a,b\""), ("a\"b", "\"a\"\"b\""),
        ("a\nb", "\"a\nb\""), ("a\rb", "\"a\rb\""), ("a\r\nb", "\"a\r\nb\""), ("", "\"\""),
        ("a;b", "a;b"), ("\"", "\"\"\"\""),
    ])
    func csvFieldsAreQuoted(text: String, expected: String) throws {
        let written = try written(.csv, [OutputColumn("k")], [[.string(text)]])
        #expect(written == "k\n\(expected)\n")
    }

    @Test func csvKeysAreQuotedAndEmptyFieldsAreNot() throws {
        let columns = [OutputColumn("a,b"), OutputColumn("c")]
        #expect(try written(.csv, columns, [["", nil]]) == "\"a,b\",c\n,\n")
    }

    @Test func markdownEscapesBarsAndBackslashes() throws {
        let columns = [OutputColumn("a|b")]
        #expect(
            try written(.markdown, columns, [[#"x\|y"#]])
                == "| a\\|b |\n| :--- |\n| x\\\\\\|y |\n")
    }

    @Test(arguments: [
        ("", 0), ("abc", 3), ("é", 1), ("e\u{301}", 1), ("日本", 4), ("한국", 4), ("ｶﾅ", 2),
        ("Ａ", 2), ("😀", 2), ("👩‍👧‍👦", 2), ("❤️", 2), ("🇩🇪", 2), ("…", 1), ("\u{200B}", 0),
        ("Ω≈", 2), ("𠀀", 2),
    ])
    func widthsAreTerminalColumns(text: String, width: Int) {
        #expect(text.displayWidth == width)
        #expect(text.padded(to: 12, .leading).displayWidth == 12)
        #expect(text.padded(to: 0, .trailing) == text)
    }

    @Test func formatsHaveTheNamesOfTheOption() {
        #expect(
            OutputFormat.allCases.map(\.rawValue) == ["table", "json", "jsonl", "csv", "markdown"])
    }
}

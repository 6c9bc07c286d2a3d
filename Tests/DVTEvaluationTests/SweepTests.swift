import DVTOperations
import DVTParity
import DVTSupport
import Testing

/// Sizes and formulas of `dvt bench op`.
@Suite struct SweepTests {
    private func sizes(_ text: String, in range: ClosedRange<Int> = 0...1 << 24) throws -> [Int] {
        try SizeList(text, option: "--m", in: range).values
    }

    @Test(arguments: [
        ("64", [64]), ("64,128", [64, 128]), ("64..256+64", [64, 128, 192, 256]),
        ("64..4096x2", [64, 128, 256, 512, 1024, 2048, 4096]), ("1..9x3", [1, 3, 9]),
        ("1..8x3,7,5..6+1", [1, 3, 7, 5, 6]), ("5..5+1", [5]), ("5..5x2", [5]), ("0..2+2", [0, 2]),
        ("7..10+2", [7, 9]), ("3,3", [3, 3]), ("1..9+9223372036854775807", [1]),
        ("2..9x9223372036854775807", [2]),
    ])
    func listsExpandInOrder(text: String, expected: [Int]) throws {
        #expect(try sizes(text) == expected)
    }

    @Test(arguments: [
        ("", "is empty"), ("1,", "is empty"), (",", "is empty"), ("4..2x2", "is reversed"),
        ("1..4+0", "step of at least 1"), ("1..4+-1", "step of at least 1"),
        ("1..4x1", "factor of at least 2"), ("1..4x0", "factor of at least 2"),
        ("1..4x", "factor of at least 2"), ("0..4x2", "multiplies 0"), ("1..4", "needs a step"),
        ("..", "lacks a size"), ("..4+1", "lacks a size"), ("1..+1", "lacks a size"),
        ("-1", "sizes are 0...16777216"), ("1.5", "has the size \"1.5\""),
        ("99999999999999999999", "sizes are"), ("16777217", "sizes are"),
        ("1..16777217x2", "sizes are"), ("1..16777216+1", "more than 10000"),
        ("1..6000+1,1..6000+1", "more than 10000"), ("\u{1B}[31m", "\\u{1B}"),
    ])
    func unusableListsAreRefused(text: String, reason: String) throws {
        let error = #expect(throws: SweepError.self) { try sizes(text) }
        let message = try #require(error).description
        #expect(message.hasPrefix("--m: ") && message.contains(reason), "\(message)")
        #expect(!message.contains("\u{1B}") && !message.contains("\n"))
    }

    @Test func combinationsRunInOrder() throws {
        let sweeps = try OperationSweep.sweeps(
            of: ["linear"], given: [("k", "8,16"), ("m", "1..4x2"), ("bias", "on,off")])
        let operations = try sweeps[0].operations()
        #expect(operations.count == 12 && sweeps[0].varying == ["m", "k", "bias"])
        #expect(operations[0].label == "linear 1x8->1536 bias")
        #expect(operations[1].label == "linear 1x8->1536")
        #expect(operations[2].label == "linear 1x16->1536 bias")
        #expect(operations[11].label == "linear 4x16->1536")
    }

    @Test(arguments: NamedOperation.all.map(\.name))
    func everyOperationHasItsDefaults(name: String) throws {
        let sweep = try OperationSweep.sweeps(of: [name], given: [])[0]
        let operations = try sweep.operations()
        #expect(operations.count == 1 && operations[0].byteCount > 0)
        #expect(
            operations[0].byteCount(elementByteCount: 2) * 2 == operations[0].byteCount)
    }

    /// The largest sizes are refused before a product of them overflows.
    @Test(arguments: NamedOperation.all)
    func theLargestSizesAreRefused(operation: NamedOperation) throws {
        let given = operation.parameters.compactMap { parameter in
            if case .size(let range) = parameter.domain {
                (key: parameter.key, text: "\(range.upperBound)")
            } else {
                nil
            }
        }
        let sweep = try OperationSweep.sweeps(of: [operation.name], given: given)[0]
        let error = #expect(throws: NamedOperationError.self) { try sweep.operations() }
        #expect(error?.description.contains("use smaller sizes") == true)
    }

    @Test(arguments: [
        (["linaer"], "m", "1", "there is no operation \"linaer\"; did you mean linear?"),
        (["linear"], "heads", "1", "--heads does not apply to linear, whose options are --m, --n,"),
        (["linear"], "activation", "relu", "--activation: \"relu\" is not one of identity, gelu"),
        (["linear"], "m", "0", "sizes are 1...16777216"),
        (["attention"], "reuse_from", "15", "--reuse-from is at most --grid"),
        (["softsplit"], "patch", "300", "no patch fits"),
    ])
    func unusableSweepsAreRefused(
        names: [String], key: String, text: String, reason: String
    ) throws {
        let error = #expect(throws: (any Error).self) {
            for sweep in try OperationSweep.sweeps(of: names, given: [(key, text)]) {
                _ = try sweep.operations()
            }
        }
        #expect("\(try #require(error))".contains(reason), "\(String(describing: error))")
    }

    @Test func logitsOfTheClassTokenAreNotKept() throws {
        let sweep = try OperationSweep.sweeps(
            of: ["attention"], given: [("queries", "class"), ("keep_logits", "on")])[0]
        #expect(throws: NamedOperationError.self) { try sweep.operations() }
    }

    @Test func tooManyCombinationsAreRefused() throws {
        #expect(throws: SweepError.tooManyCombinations(what: "linear")) {
            try OperationSweep.sweeps(
                of: ["linear"], given: [("m", "1..101+1"), ("k", "1..100+1")])
        }
    }

    @Test(arguments: [
        ("42", 42), ("4*{global}", 400), ("{global}/3+1", 34), ("2*({global}-{local})", 180),
        (" 1 + 2 * 3 ", 7), ("8-2-1", 5),
    ])
    func formulasAreComputed(text: String, value: Int) throws {
        let formula = try SizeExpression(text, option: "--work", names: ["global", "local"])
        #expect(try formula.value(["global": 100, "local": 10]) == value)
    }

    @Test(arguments: [
        "", "{", "{}", "{globl}", "2*", "(1", "1)", "1 2", "-1", "1.5", "99999999999999999999",
        "9223372036854775807+{global}", "1/({global}-100)", "1-{global}", "{global}{global}",
        String(repeating: "(", count: 100_000),
    ])
    func unusableFormulasAreRefused(text: String) throws {
        let error = #expect(throws: SweepError.self) {
            try SizeExpression(text, option: "--work", names: ["global"]).value(["global": 100])
        }
        #expect(try #require(error).description.hasPrefix("--work: "))
    }

    @Test func argumentsOfKernelsAreParsed() throws {
        func kind(_ text: String) throws -> ArgumentText.Kind {
            try ArgumentText(text, names: ["global"]).kind
        }
        func size(_ text: String) throws -> SizeExpression {
            try SizeExpression(text, option: "--arg", names: ["global"])
        }
        #expect(try kind("buffer:float:2*{global}") == .buffer(.float, count: size("2*{global}")))
        #expect(try kind("local:64") == .local(size("64")))
        #expect(try kind("uint:{global}") == .integer(.uint, size("{global}")))
        #expect(try kind("int:-5") == .negative(.int, -5))
        #expect(try kind("float:-2.5e3") == .number(.float, -2500))
        #expect(ScalarType.int.bytes(-2) == [254, 255, 255, 255])
        #expect(ScalarType.half.bytes(1.0) == [0, 0x3C] && ScalarType.char.bytes(5) == [5])
        #expect(!ScalarType.uchar.holds(256) && ScalarType.short.holds(-32768))
    }

    @Test(arguments: [
        "", "buffer", "buffer:float", "buffer:foo:3", "local", "local:", "int", "int:", "int:x",
        "float:x", "uint:-1", "char:-129", "buffer:float:3:4", "image:1",
    ])
    func unusableArgumentsAreRefused(text: String) throws {
        let error = #expect(throws: SweepError.self) { try ArgumentText(text, names: []) }
        #expect(try #require(error).description.hasPrefix("--arg: "))
    }
}

import DVTCheckpoints
import Testing

/// One value, and the error of opening a file with it.
private struct Case: Sendable, CustomTestStringConvertible {
    let problem: MindSporeError.Problem
    let bytes: [UInt8]

    init(_ problem: MindSporeError.Problem, _ bytes: [UInt8]...) {
        self.problem = problem
        self.bytes = bytes.flatMap(\.self)
    }

    var testDescription: String { "\(problem)" }
}

private let good = mindSporeValue("a", [1], floats(1))

/// The file, as a series of values.
private let framing = [
    Case(.empty),
    Case(.notACheckpoint(firstByte: 0x50), Array("PK\u{3}\u{4}".utf8)),
    Case(.notACheckpoint(firstByte: 0), [0]),
    Case(.encrypted, [0xD8, 0x5E, 0x3A, 0x7F, 0, 1, 2]),
    Case(.encrypted, [0xDA, 0x5E, 0x3A, 0x7F]),
    Case(.notACheckpoint(firstByte: 0xDB), [0xDB, 0x5E, 0x3A, 0x7F]),
    Case(.cutInLength(offset: 0), [0x0A]),
    Case(.cutInLength(offset: 0), [0x0A, 0xFF, 0xFF]),
    Case(.pastEnd(offset: 0, length: 1, available: 0), [0x0A, 1]),
    Case(
        .pastEnd(offset: 0, length: .max, available: 3), [0x0A],
        varint(.max), [0, 0, 0]),
    Case(
        .pastEnd(offset: 0, length: 1 << 63, available: 0), [0x0A],
        varint(1 << 63)),
    // Ten bytes for more than 64 bits, and eleven bytes.
    Case(.invalidLength(offset: 0), [0x0A], [UInt8](repeating: 0xFF, count: 9), [0x02]),
    Case(.invalidLength(offset: 0), [0x0A], [UInt8](repeating: 0x80, count: 10), [0x00]),
    Case(.unknownField(number: 2, offset: good.count), good, field(2, "x")),
    // Field 1 as a group, and the number 0.
    Case(.unknownField(number: 1, offset: good.count), good, [0x0B, 0x0C]),
    Case(.unknownField(number: 0, offset: good.count), good, [0x00]),
]

/// Values that are not messages, or incomplete ones.
private let values = [
    Case(.missingField("tag", tensor: nil, offset: 2), [0x0A, 0]),
    Case(
        .missingField("tag", tensor: nil, offset: 2),
        field(1, field(2, mindSporeTensor([1], "Float32", floats(1))))),
    Case(.missingField("tensor", tensor: "x", offset: 2), field(1, field(1, "x"))),
    // The tensor as a varint: another wire type is another field.
    Case(.missingField("tensor", tensor: "x", offset: 2), field(1, field(1, "x") + [0x10, 1])),
    Case(
        .missingField("tensor_type", tensor: "x", offset: 2),
        field(1, field(1, "x") + field(2, field(3, floats(1))))),
    Case(
        .missingField("tensor_content", tensor: "x", offset: 2),
        field(1, field(1, "x") + field(2, field(2, "Float32")))),
    Case(
        .invalidValue(reason: "has text that is not UTF-8", offset: 2),
        field(1, field(1, [0xFF]) + field(2, mindSporeTensor([1], "Float32", floats(1))))),
    // A name longer than its value.
    Case(
        .invalidValue(reason: "has a field that extends beyond it", offset: 2),
        field(1, [0x0A, 100, 0x78])),
    // The wire type 7.
    Case(.invalidValue(reason: "is not a protobuf message", offset: 2), field(1, [0x0F])),
    // Nested unknown groups.
    Case(
        .invalidValue(reason: "nests too deeply", offset: 3),
        field(1, [UInt8](repeating: 0x2B, count: 10_000))),
]

/// Tensors that contradict themselves or each other.
private let tensors = [
    Case(
        .unknownDType(tensor: "x", dtype: "Complex64"),
        mindSporeValue("x", [1], "Complex64", [UInt8](repeating: 0, count: 8))),
    Case(.unknownDType(tensor: "x", dtype: ""), mindSporeValue("x", [1], "", floats(1))),
    Case(.negativeExtent(tensor: "x", shape: [2, -1]), mindSporeValue("x", [2, -1], floats(1))),
    Case(.negativeExtent(tensor: "x", shape: [.min]), mindSporeValue("x", [.min], floats(1))),
    Case(.sizeOverflow(tensor: "x", shape: [.max]), mindSporeValue("x", [.max], floats(1))),
    Case(
        .sizeOverflow(tensor: "x", shape: [1 << 32, 1 << 32, 0]),
        mindSporeValue("x", [1 << 32, 1 << 32, 0], floats(1))),
    Case(
        .sizeMismatch(tensor: "x", dtype: .float32, shape: [2], needed: 8, actual: 4),
        mindSporeValue("x", [2], floats(1))),
    Case(
        .sizeMismatch(tensor: "x", dtype: .float32, shape: [], needed: 4, actual: 8),
        mindSporeValue("x", [0], floats(1, 2))),
    Case(
        .sizeMismatch(tensor: "x", dtype: .float32, shape: [3], needed: 12, actual: 16),
        mindSporeValue("x", [3], floats(1, 2)), mindSporeValue("x", [3], floats(3, 4))),
    Case(
        .partialElement(tensor: "x", dtype: .float32, byteCount: 3),
        mindSporeValue("x", [1], [1, 2, 3]), mindSporeValue("x", [1], [4])),
    Case(
        .sliceDType(tensor: "x", first: "Float32", other: "Int32"),
        mindSporeValue("x", [2], floats(1)), mindSporeValue("x", [2], "Int32", floats(2))),
    Case(
        .sliceShape(tensor: "x", first: [2], other: [1, 2]),
        mindSporeValue("x", [2], floats(1)), mindSporeValue("x", [1, 2], floats(2))),
    Case(.repeatedName("a"), good, mindSporeValue("b", [1], floats(1)), good),
    // Equal strings in Swift, but with different bytes: not slices of one tensor.
    Case(
        .repeatedName("e\u{301}"), mindSporeValue("\u{E9}", [1], floats(1)),
        mindSporeValue("e\u{301}", [1], floats(1))),
    Case(.invalidText(name: "t"), mindSporeValue("t", [0], "str", littleEndian(UInt32(0xD800)))),
    Case(.invalidText(name: "t"), mindSporeValue("t", [0], "str", [1, 0, 0, 0, 0])),
    Case(
        .repeatedName("a"), good, mindSporeValue("t", [0], "str", []),
        mindSporeValue("a", [0], "str", [])),
]

@Suite struct MindSporeErrorTests {
    @Test(arguments: framing) fileprivate func theSeriesOfValuesIsChecked(_ test: Case) throws {
        #expect(try mindSporeError(of: test.bytes)?.problem == test.problem)
    }

    @Test(arguments: values) fileprivate func everyValueIsChecked(_ test: Case) throws {
        #expect(try mindSporeError(of: test.bytes)?.problem == test.problem)
    }

    @Test(arguments: tensors) fileprivate func everyTensorIsChecked(_ test: Case) throws {
        #expect(try mindSporeError(of: test.bytes)?.problem == test.problem)
    }

    /// Some of the messages.
    @Test(arguments: [
        (
            [], "is empty; the file is truncated: copy or download it again"
        ),
        (
            [0xD9, 0x5E, 0x3A, 0x7F],
            """
            is encrypted by MindSpore; load it in MindSpore with its key and save it without enc_key
            """
        ),
        (
            Array("{}".utf8),
            """
            begins with byte 123; a MindSpore checkpoint begins with byte 10; check the path, \
            or save the model with MindSpore's save_checkpoint
            """
        ),
        (
            mindSporeValue("x\n", [1, 1, 1, 1, 1, 1, 1, 2, 9], [1]),
            """
            tensor "x\\n" of type Float32 and shape [1, 1, 1, 1, 1, 1, 1, 2, … 9 axes] needs 72 \
            bytes, but has 1; the file is damaged or malformed: save or copy it again
            """
        ),
        (
            mindSporeValue("x", [1], "Int4", [1]),
            """
            tensor "x" has the unknown element type "Int4"; the file is damaged or of an \
            unknown version of MindSpore: copy it again, or save it as safetensors
            """
        ),
    ])
    func errorsNameTheFileTheFaultAndTheRemedy(bytes: [UInt8], text: String) throws {
        let error = try #require(try mindSporeError(of: bytes))
        #expect(error.description == "\(error.path): \(text)")
    }
}

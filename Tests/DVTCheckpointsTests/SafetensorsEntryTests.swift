import DVTCheckpoints
import DVTCore
import Testing

private func entryProblem(
    dtype: String = "F32", shape: String = "[2]", offsets: String = "[0,8]",
    sourceLocation: SourceLocation = #_sourceLocation
) throws -> SafetensorsError.Problem? {
    let header = "{" + member("x", dtype: dtype, shape: shape, offsets: offsets) + "}"
    return try problem(
        of: safetensors(header, data: [UInt8](repeating: 0, count: 8)),
        sourceLocation: sourceLocation)
}

@Suite struct SafetensorsEntryTests {
    @Test(arguments: ["1", "null", "\"F32\"", "[\"F32\",[2],[0,8]]"])
    func entriesMustBeObjects(value: String) throws {
        #expect(
            try problem(of: safetensors("{\"x\":\(value)}")) == .entryNotAnObject(tensor: "x"))
    }

    @Test(arguments: [
        (#"{"shape":[2],"data_offsets":[0,8]}"#, "dtype"),
        (#"{"dtype":"F32","data_offsets":[0,8]}"#, "shape"),
        (#"{"dtype":"F32","shape":[2]}"#, "data_offsets"),
    ])
    func missingKeysAreRefused(entry: String, key: String) throws {
        #expect(
            try problem(of: safetensors("{\"x\":\(entry)}"))
                == .invalidEntry(tensor: "x", key: key, reason: "nothing"))
    }

    /// As in the reference implementation: serde ignores fields that `TensorInfo` does not have.
    @Test func otherKeysAreIgnored() throws {
        let header = #"{"x":{"a":[{"b":1e9}],"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#
        #expect(try problem(of: safetensors(header, data: [0])) == nil)
    }

    @Test(arguments: ["F31", "f32", "", "F32 ", "FLOAT"])
    func unknownTypesAreRefused(dtype: String) throws {
        #expect(
            try entryProblem(dtype: dtype) == .unknownDType(tensor: "x", dtype: dtype))
    }

    @Test(arguments: ["1", "null", "[\"F32\"]"])
    func typesMustBeStrings(value: String) throws {
        let header = "{\"x\":{\"dtype\":\(value),\"shape\":[2],\"data_offsets\":[0,8]}}"
        #expect(
            try problem(of: safetensors(header))
                == .invalidEntry(tensor: "x", key: "dtype", reason: "no string"))
    }

    @Test(arguments: [
        ("2", "no array"), ("null", "no array"), ("{}", "no array"),
        ("[-2]", "a negative number where a size or offset belongs"),
        ("[2.0]", "a number that is not written as an integer"),
        ("[2e0]", "a number that is not written as an integer"),
        ("[02]", "a number that begins with 0"),
        ("[\"2\"]", "no integer where one belongs"), ("[null]", "no integer where one belongs"),
        ("[9223372036854775808]", "an integer above 9223372036854775807"),
        ("[18446744073709551615]", "an integer above 9223372036854775807"),
        ("[18446744073709551624]", "an integer above 9223372036854775807"),
        ("[1e400]", "a number that is not written as an integer"),
    ])
    func shapesAndOffsetsMustBeSizes(value: String, reason: String) throws {
        #expect(
            try entryProblem(shape: value)
                == .invalidEntry(tensor: "x", key: "shape", reason: reason))
        #expect(
            try entryProblem(offsets: value)
                == .invalidEntry(tensor: "x", key: "data_offsets", reason: reason))
    }

    @Test(arguments: [("[]", 0), ("[0]", 1), ("[0,8,8]", 3)])
    func offsetsMustBeTwo(offsets: String, count: Int) throws {
        #expect(try entryProblem(offsets: offsets) == .offsetCount(tensor: "x", count: count))
    }

    @Test func offsetsMustAscend() throws {
        #expect(
            try entryProblem(offsets: "[8,0]") == .reversedOffsets(tensor: "x", begin: 8, end: 0))
    }

    /// Products above Int, above UInt64, of exactly 2^64 (which would wrap to 0), and in bits.
    @Test(arguments: [
        [Int.max, 2], [1 << 32, 1 << 32], [Int.max, Int.max, Int.max], [1 << 61], [1 << 60],
        [1 << 62, 4, 0], [3, Int.max / 3 + 1],
    ])
    func overflowingSizesAreRefused(shape: [Int]) throws {
        #expect(
            try entryProblem(shape: "\(shape)") == .sizeOverflow(tensor: "x", shape: shape))
    }

    /// An extent of 0 that comes first keeps the product small.
    @Test func anEmptyTensorMayHaveHugeExtents() throws {
        let shape = "[0,\(Int.max),\(Int.max)]"
        let header = "{" + member("x", shape: shape, offsets: "[0,0]") + "}"
        let folder = try TemporaryFolder()
        let file = try SafetensorsFile(path: folder.file(safetensors(header)))
        #expect(try file.tensor(named: "x").values.isEmpty)
    }

    /// A declared size of 4 GB in a file of a few bytes is rejected without reading.
    @Test func declaredSizesAllocateNothing() throws {
        #expect(
            try entryProblem(shape: "[1000000000]", offsets: "[0,4000000000]")
                == .pastEnd(tensor: "x", end: 4_000_000_000, available: 8))
        #expect(
            try entryProblem(shape: "[1000000000]")
                == .sizeMismatch(
                    tensor: "x", dtype: .float32, shape: [1_000_000_000], needed: 4_000_000_000,
                    actual: 8))
    }

    @Test(arguments: [("F32", [3], 12), ("F16", [2], 4), ("F64", [2], 16), ("U8", [], 1)])
    func byteCountsMustMatchTheShape(dtype: String, shape: [Int], needed: Int) throws {
        let known = try #require(SafetensorsDType(rawValue: dtype))
        #expect(
            try entryProblem(dtype: dtype, shape: "\(shape)")
                == .sizeMismatch(
                    tensor: "x", dtype: known, shape: shape, needed: needed, actual: 8))
    }

    @Test func packedElementsMustEndAtAByte() throws {
        #expect(
            try entryProblem(dtype: "F4", shape: "[3]")
                == .partialByte(tensor: "x", dtype: .float4, shape: [3]))
        #expect(try entryProblem(dtype: "F4", shape: "[16]") == nil)
    }

    /// The message names the number of axes instead of each extent.
    @Test func shapesOfManyAxesAreAbbreviated() throws {
        let shape = "[" + [String](repeating: "1", count: 100_000).joined(separator: ",") + "]"
        #expect(try entryProblem(shape: shape) != nil)
        let bytes = safetensors("{" + member("x", shape: shape, offsets: "[0,4]") + "}")
        #expect(try problem(of: bytes + [0, 0, 0, 0]) == nil)
    }
}

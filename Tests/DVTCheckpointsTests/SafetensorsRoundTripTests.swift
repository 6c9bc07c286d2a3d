import DVTCheckpoints
import DVTCore
import DVTSupport
import Testing

@Suite struct SafetensorsRoundTripTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private var path: String { folder.path + "/model.safetensors" }

    @Test func writesExactlyTheseBytes() throws {
        let tensors = [("b", Tensor([2], values: [1, -2])), ("a\n", Tensor([], values: [0.5]))]
        try SafetensorsWriter.write(tensors, metadata: ["z": "1", "k": "\"\\\u{1}é"], to: path)
        let header =
            #"{"__metadata__":{"k":"\"\\\u0001é","z":"1"},"#
            + #""b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
            + #""a\n":{"dtype":"F32","shape":[],"data_offsets":[8,12]}}"#
        let padded = header + String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
        let data: [UInt8] = [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0, 0, 0, 0, 0x3F]
        let file = try SafetensorsFile(path: path)
        #expect(try bytes(at: path) == safetensors(padded, data: data))
        #expect(file.metadata == ["z": "1", "k": "\"\\\u{1}é"])
        #expect(file.shapes == ["b": [2], "a\n": []])
        #expect(file.origin == path)
        #expect(try file.tensor(named: "a\n") == tensors[1].1)
    }

    /// A file embedded in the program is read like a file on disk.
    @Test func readsPermanentMemory() throws {
        let tensor = Tensor([2, 2], values: [1, -2, 3, 0.5])
        try SafetensorsWriter.write([("x", tensor)], metadata: ["k": "v"], to: path)
        let bytes = try bytes(at: path)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { memory.deallocate() }
        memory.copyBytes(from: bytes)
        let file = try SafetensorsFile(permanent: UnsafeRawBufferPointer(memory), name: "inside")
        #expect(file.origin == "inside" && file.metadata == ["k": "v"])
        #expect(try file.tensor(named: "x") == tensor)
        let error = #expect(throws: SafetensorsError.self) {
            try SafetensorsFile(
                permanent: UnsafeRawBufferPointer(rebasing: memory[..<20]), name: "inside")
        }
        #expect(error?.description.contains("inside") == true)
    }

    @Test func integersFollowTheTensors() throws {
        let values: [Int32] = [0, -1, .max, .min]
        try SafetensorsWriter.write(
            [("x", Tensor([1], values: [1]))], integers: [("n", values), ("none", [])],
            as: .float16, to: path)
        let file = try SafetensorsFile(path: path)
        #expect(file.shapes == ["x": [1], "n": [4], "none": [0]])
        #expect(try file.integers(named: "n") == values.map(Int.init))
        #expect(try file.integers(named: "none").isEmpty)
        let error = #expect(throws: SafetensorsError.self) { try file.integers(named: "x") }
        #expect(error?.problem == .notIntegers(tensor: "x", dtype: .float16))
    }

    @Test func readsIntegersOf64Bits() throws {
        let header = "{" + member("n", dtype: "I64", shape: "[2]", offsets: "[0,16]") + "}"
        let data = [Int64.min, 7].flatMap { littleEndian($0) }
        let path = try folder.file(safetensors(header, data: data), named: "integers")
        #expect(try SafetensorsFile(path: path).integers(named: "n") == [.min, 7])
    }

    /// Includes NaNs with payloads, infinities, zeros of both signs and subnormals.
    @Test func float32RoundTripsBitForBit() throws {
        let patterns: [UInt32] = [
            0, 0x8000_0000, 1, 0x807F_FFFF, 0x7F7F_FFFF, 0x7F80_0000, 0xFF80_0000, 0x7F80_0001,
            0x7FC0_1234, 0xFFFF_FFFF, 0x3F80_0001,
        ]
        let values = patterns.map(Float.init(bitPattern:))
        try SafetensorsWriter.write([("x", Tensor([11], values: values))], to: path)
        let read = try SafetensorsFile(path: path).tensor(named: "x")
        #expect(read.values.map(\.bitPattern) == patterns)
    }

    /// All 65,536 patterns, read from a file and written to one.
    @Test(arguments: [
        (SafetensorsWriter.ElementType.float16, HalfFormat.float16), (.bfloat16, .bfloat16),
    ])
    func everyHalfPatternRoundTrips(
        type: SafetensorsWriter.ElementType, format: HalfFormat
    ) throws {
        let patterns = Array(UInt16.min ... .max)
        let header =
            "{"
            + member(
                "x", dtype: type.rawValue, shape: "[256,256]", offsets: "[0,131072]") + "}"
        let source = try folder.file(
            safetensors(header, data: patterns.flatMap { littleEndian($0) }), named: "source")
        let tensor = try SafetensorsFile(path: source).tensor(named: "x")
        #expect(tensor.shape == [256, 256])
        #expect(
            tensor.values.map(\.bitPattern) == patterns.map { format.decode($0).bitPattern })

        try SafetensorsWriter.write([("x", tensor)], as: type, to: path)
        let again = try SafetensorsFile(path: path)
        #expect(try again.dtype(named: "x").rawValue == type.rawValue)
        #expect(
            try again.tensor(named: "x").values.map(\.bitPattern)
                == tensor.values.map(\.bitPattern))
    }

    /// More elements than one chunk of the writer, and not a multiple of it.
    @Test(arguments: SafetensorsWriter.ElementType.allCases)
    func longTensorsAreWrittenWhole(type: SafetensorsWriter.ElementType) throws {
        let values = (0..<150_001).map { Float($0 % 251) }
        let tensors = [("x", Tensor([150_001], values: values)), ("y", Tensor([1], values: [3]))]
        try SafetensorsWriter.write(tensors, as: type, to: path)
        let file = try SafetensorsFile(path: path)
        #expect(try file.tensor(named: "x").values == values)
        #expect(try file.tensor(named: "y").values == [3])
    }

    @Test func emptyTensorsAndEmptyFilesRoundTrip() throws {
        try SafetensorsWriter.write([], to: path)
        #expect(try SafetensorsFile(path: path).shapes.isEmpty)
        let empty = Tensor([0, 3], values: [])
        try SafetensorsWriter.write([("e", empty), ("x", Tensor([1], values: [1]))], to: path)
        let file = try SafetensorsFile(path: path)
        #expect(try file.tensor(named: "e") == empty)
        #expect(try file.tensor(named: "x").values == [1])
    }

    /// Headers in any order, trailing spaces, and tensors at odd offsets.
    @Test func readsWhatOtherWritersWrite() throws {
        let header =
            "{ " + member("b", shape: "[1]", offsets: "[3,7]") + " , "
            + member("a", dtype: "U8", shape: "[3]", offsets: "[0,3]") + "}   "
        let bytes = safetensors(header, data: [9, 9, 9, 0, 0, 0x80, 0x3F])
        let file = try SafetensorsFile(path: folder.file(bytes))
        #expect(try file.tensor(named: "b").values == [1])
        #expect(try file.dtype(named: "a") == .uint8)
        #expect(file.metadata.isEmpty)
    }

    @Test func alignedFloatsAreReadInPlace() throws {
        try SafetensorsWriter.write([("x", Tensor([2], values: [1, 2]))], to: path)
        let file = try SafetensorsFile(path: path)
        let floats = try file.withUnsafeBytes(ofFloat32: "x") { bytes in
            (Array(bytes.bindMemory(to: Float.self)), Int(bitPattern: bytes.baseAddress) % 8)
        }
        #expect(floats?.0 == [1, 2])
        #expect(floats?.1 == 0)
    }

    @Test func otherElementsAreNotReadInPlace() throws {
        let object = "{" + member("x", shape: "[1]", offsets: "[0,4]") + "}"
        for padding in 0..<4 {
            let header = object + String(repeating: " ", count: padding)
            let bytes = safetensors(header, data: [0, 0, 0, 0])
            let file = try SafetensorsFile(path: folder.file(bytes))
            let seen = try file.withUnsafeBytes(ofFloat32: "x") { $0.count }
            #expect((seen != nil) == (header.utf8.count % 4 == 0))
        }
        try SafetensorsWriter.write([("h", Tensor([1], values: [1]))], as: .float16, to: path)
        let half = try SafetensorsFile(path: path)
        #expect(try half.withUnsafeBytes(ofFloat32: "h") { $0.count } == nil)
    }

    /// The layout includes types whose elements are not read.
    @Test(arguments: SafetensorsDType.allCases)
    func recognizesEveryType(dtype: SafetensorsDType) throws {
        let count = dtype.bitCount  // eight elements take as many bytes as one takes bits
        let header =
            "{"
            + member(
                "x", dtype: dtype.rawValue, shape: "[8]", offsets: "[0,\(count)]") + "}"
        let path = try folder.file(
            safetensors(header, data: [UInt8](repeating: 0, count: count)))
        let file = try SafetensorsFile(path: path)
        if [.float64, .float32, .float16, .bfloat16].contains(dtype) {
            #expect(try file.tensor(named: "x").values == [Float](repeating: 0, count: 8))
        } else {
            let error = #expect(throws: SafetensorsError.self) {
                try file.tensor(named: "x")
            }
            #expect(error?.problem == .unsupportedDType(tensor: "x", dtype: dtype))
            #expect(
                error?.description == """
                    \(path): tensor "x" has element type \(dtype.rawValue), which is not \
                    supported; save it as F64, F32, F16 or BF16
                    """)
        }
    }

    @Test func aMissingNameIsAnError() throws {
        try SafetensorsWriter.write([], to: path)
        let file = try SafetensorsFile(path: path)
        let error = #expect(throws: SafetensorsError.self) { try file.tensor(named: "a\nb") }
        #expect(
            error?.description == """
                \(path): there is no tensor "a\\nb"; check that the checkpoint belongs to \
                this model
                """)
    }
}

import DVTCore
import DVTSupport
import Testing

@testable import DVTCheckpoints

@Suite struct MindSporeCheckpointTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func checkpoint(_ values: [UInt8]...) throws -> MindSporeCheckpoint {
        try mindSporeCheckpoint(values.flatMap(\.self), in: folder)
    }

    /// The bytes that MindSpore 2 wrote for a parameter `w` of shape [2] and a scalar `n`.
    @Test func readsExactlyTheseBytes() throws {
        let bytes: [UInt8] = [
            0x0A, 0x1A, 0x0A, 0x01, 0x77, 0x12, 0x15, 0x08, 0x02, 0x12, 0x07, 0x46, 0x6C, 0x6F,
            0x61, 0x74, 0x33, 0x32, 0x1A, 0x08, 0x00, 0x00, 0x80, 0x3F, 0x00, 0x00, 0x00, 0xC0,
            0x0A, 0x12, 0x0A, 0x01, 0x6E, 0x12, 0x0D, 0x12, 0x05, 0x49, 0x6E, 0x74, 0x33, 0x32,
            0x1A, 0x04, 0x07, 0x00, 0x00, 0x00,
        ]
        #expect(
            bytes == mindSporeValue("w", [2], floats(1, -2))
                + mindSporeValue("n", [], "Int32", [7, 0, 0, 0]))
        let file = try mindSporeCheckpoint(bytes, in: folder)
        #expect(file.origin == folder.path + "/model.ckpt")
        #expect(file.metadata.isEmpty)
        #expect(file.shapes == ["w": [2], "n": []])
        #expect(try file.dtype(named: "n") == .int32)
        #expect(try file.tensor(named: "w") == Tensor([2], values: [1, -2]))
    }

    /// Every type has the size of its elements; only floating-point types are read.
    @Test(arguments: MindSporeDType.allCases)
    func recognizesEveryType(dtype: MindSporeDType) throws {
        let content = [UInt8](repeating: 0, count: 6 * dtype.byteCount)
        let file = try checkpoint(mindSporeValue("x", [2, 3], dtype.rawValue, content))
        #expect(file.shapes == ["x": [2, 3]])
        #expect(try file.dtype(named: "x") == dtype)
        if [.float16, .bfloat16, .float32, .float64].contains(dtype) {
            #expect(try file.tensor(named: "x").values == [Float](repeating: 0, count: 6))
        } else {
            let error = #expect(throws: MindSporeError.self) { try file.tensor(named: "x") }
            #expect(error?.problem == .unsupportedDType(tensor: "x", dtype: dtype))
            #expect(
                error?.description == """
                    \(file.origin): tensor "x" has element type \(dtype.rawValue), which is not \
                    supported; save it as Float16, BFloat16, Float32 or Float64
                    """)
        }
    }

    @Test(arguments: [
        ("Float16", littleEndian(UInt16(0x3E00)) + littleEndian(UInt16(0xFC00))),
        ("BFloat16", littleEndian(UInt16(0x3FC0)) + littleEndian(UInt16(0xFF80))),
        ("Float32", floats(1.5, -.infinity)),
        ("Float64", [1.5, -.infinity].flatMap { littleEndian($0.bitPattern) }),
    ])
    func convertsToFloat32(type: String, content: [UInt8]) throws {
        let file = try checkpoint(mindSporeValue("x", [2], type, content))
        #expect(try file.tensor(named: "x").values == [1.5, -.infinity])
    }

    @Test func float32RoundTripsBitForBit() throws {
        let patterns: [UInt32] = [0x7F80_0001, 0x7FC0_1234, 0x8000_0000, 1, 0xFFFF_FFFF]
        let file = try checkpoint(mindSporeValue("x", [5], patterns.flatMap { littleEndian($0) }))
        #expect(try file.tensor(named: "x").values.map(\.bitPattern) == patterns)
    }

    @Test func float64IsRoundedToNearest() throws {
        let value = 1 + 0x1p-24 + 0x1p-50
        let file = try checkpoint(
            mindSporeValue("x", [1], "Float64", littleEndian(value.bitPattern)))
        #expect(try file.tensor(named: "x").values == [Float(1).nextUp])
    }

    /// Older versions wrote scalars with an extent of 0.
    @Test(arguments: [[], [0]]) func aScalarHasNoAxes(dimensions: [Int]) throws {
        let file = try checkpoint(mindSporeValue("x", dimensions, floats(3)))
        #expect(file.shapes == ["x": []])
        #expect(try file.tensor(named: "x") == Tensor([], values: [3]))
    }

    @Test(arguments: [[0], [0, 3], [2, 0]]) func emptyTensorsAreRead(dimensions: [Int]) throws {
        let file = try checkpoint(mindSporeValue("x", dimensions, []))
        #expect(try file.tensor(named: "x") == Tensor(Shape(dimensions), values: []))
    }

    @Test(arguments: ["Uint8", "Uint16", "Uint32", "Uint64"])
    func namesOfEarlyVersionsAreRecognized(type: String) throws {
        let dtype = try #require(MindSporeDType(rawValue: "UI" + type.dropFirst(2)))
        let content = [UInt8](repeating: 0, count: dtype.byteCount)
        #expect(try checkpoint(mindSporeValue("x", [1], type, content)).dtype(named: "x") == dtype)
    }

    /// Slices between other values, at the beginning and at the end, one of them empty.
    @Test(arguments: ["Float32", "Float16"]) func slicesAreJoined(type: String) throws {
        func content(_ range: Range<Int>) -> [UInt8] {
            range.flatMap { number in
                type == "Float32"
                    ? littleEndian(Float(number).bitPattern)
                    : littleEndian(HalfFormat.float16.encode(Float(number)))
            }
        }
        let file = try checkpoint(
            mindSporeValue("a", [2, 2], type, content(0..<3)),
            mindSporeValue("a", [2, 2], type, content(3..<4)),
            mindSporeValue("b", [1], type, content(9..<10)),
            mindSporeValue("c", [3], type, content(4..<5)), mindSporeValue("c", [3], type, []),
            mindSporeValue("c", [3], type, content(5..<7)))
        #expect(file.shapes == ["a": [2, 2], "b": [1], "c": [3]])
        #expect(try file.tensor(named: "a").values == [0, 1, 2, 3])
        #expect(try file.tensor(named: "b").values == [9])
        #expect(try file.tensor(named: "c").values == [4, 5, 6])
    }

    /// The values that `append_dict` adds; NumPy pads strings with zeros.
    @Test func textValuesAreMetadata() throws {
        let text: [UInt8] = [0xE9, 0, 0, 0, 0x1E, 0xD1, 0x01, 0, 0, 0, 0, 0]
        let file = try checkpoint(
            mindSporeValue("author", [0], "str", text),
            mindSporeValue("none", [0], "str", [0, 0, 0, 0]),
            mindSporeValue("epoch_num", [0], "Int32", littleEndian(Int32(90))),
            mindSporeValue("random_op", [], "random_op", [1, 2, 3]),
            mindSporeValue("w", [1], floats(1)))
        #expect(file.metadata == ["author": "é𝄞", "none": ""])
        #expect(file.shapes == ["epoch_num": [], "w": [1]])
    }

    /// Any order of fields, packed extents, fields of later versions, lengths with redundant bytes.
    @Test func readsWhatOtherWritersWrite() throws {
        let tensor =
            field(3, floats(1, 2, 3, 4)) + field(9, "later") + field(2, "Float32")
            + field(1, [0x02, 0x82, 0x00])
        let value = [0xA8, 0x06, 0x01] + field(2, tensor) + field(1, "x")
        let file = try checkpoint(
            mindSporeValue("w", [1], floats(0)),
            [0x8A, 0x00, UInt8(value.count | 0x80), 0x80, 0x00], value)
        #expect(file.shapes == ["w": [1], "x": [2, 2]])
        #expect(try file.tensor(named: "x") == Tensor([2, 2], values: [1, 2, 3, 4]))
    }

    /// `save_checkpoint(crc_check=True)` ends the file with this.
    @Test func checksumsAreIgnored() throws {
        let checksum = Array("crc_num".utf8) + [0, 0, 0, 0, 0, 0, 0xDE, 0xAD, 0xBE, 0xEF]
        let file = try checkpoint(mindSporeValue("x", [1], floats(2)), checksum)
        #expect(file.shapes == ["x": [1]])
        for count in 1..<checksum.count {
            let cut = mindSporeValue("x", [1], floats(2)) + checksum.prefix(count)
            #expect(try mindSporeError(of: cut) != nil)
        }
        #expect(try mindSporeError(of: checksum)?.problem == .notACheckpoint(firstByte: 0x63))
    }

    @Test func aMissingNameIsAnError() throws {
        let file = try checkpoint(mindSporeValue("x", [1], floats(2)))
        for read in [
            { _ = try file.tensor(named: "a\nb") }, { _ = try file.dtype(named: "a\nb") },
        ] {
            let error = #expect(throws: MindSporeError.self) { try read() }
            #expect(
                error?.description == """
                    \(file.origin): there is no tensor "a\\nb"; check that the checkpoint belongs \
                    to this model
                    """)
        }
    }
}

import Testing

@testable import DVTCheckpoints

@Suite struct MindSporeRecognitionTests {
    @Test(arguments: [1, 4, 40, 60, 80, 200, 20_000])
    func namesOfAnyLengthAreRecognized(length: Int) {
        let name = String(repeating: "n", count: length)
        let bytes = mindSporeValue(name, [1], floats(1))
        #expect(MindSporeCheckpoint.recognizes(bytes))
        #expect(MindSporeCheckpoint.recognizes(bytes.prefix(64)))
    }

    @Test func largeValuesAndEncryptedFilesAreRecognized() {
        let large = mindSporeValue("w", [1 << 17], [UInt8](repeating: 0, count: 1 << 19))
        #expect(MindSporeCheckpoint.recognizes(large.prefix(64)))
        for byte: UInt8 in [0xD8, 0xD9, 0xDA] {
            #expect(MindSporeCheckpoint.recognizes([byte, 0x5E, 0x3A, 0x7F, 1]))
        }
        large.withUnsafeBytes { #expect(MindSporeCheckpoint.recognizes($0)) }
    }

    /// A zip (PyTorch), pickles, JSON, images, text, and files that are too short.
    @Test(
        arguments: [
            [], [0x0A], [0x0A, 0x0A], [0x0A, 5, 0x0A], Array("PK\u{3}\u{4}\n".utf8),
            [0x80, 0x02, 0x8A, 0x0A], Array("{}\n".utf8), Array("\n\n\nabc".utf8),
            Array("\u{89}PNG\r\n\u{1A}\n".utf8), [0xD8, 0x5E, 0x3A],
            [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x0A, 1, 0x77],
        ] as [[UInt8]])
    func otherFilesAreNotRecognized(bytes: [UInt8]) {
        #expect(!MindSporeCheckpoint.recognizes(bytes))
    }

    /// The length of a header may have any four bytes.
    @Test func safetensorsFilesAreNotRecognized() {
        for length: UInt64 in [
            0x0A, 0x0A0A, 0x0A_010A, 0x010A_0A0A, 0x020A_FF0A, 0x050A_0A0A, 0x010A_010A,
        ] {
            let bytes = littleEndian(length) + Array(#"{"x":{"dtype":"F32"}}"#.utf8)
            #expect(!MindSporeCheckpoint.recognizes(bytes), "\(length)")
        }
    }
}

import DVTCheckpoints
import DVTCore
import DVTSupport
import Testing

/// Files of every format, opened without naming the format.
@Suite struct CheckpointTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// The file names are misleading: the format follows from the first bytes.
    @Test func theFirstBytesIdentifyTheFormat() throws {
        let tensor = Tensor([2], values: [1, -2])
        let safetensors = folder.path + "/weights.pth"
        try SafetensorsWriter.write([("x", tensor)], to: safetensors)
        let bytes = floatBytes([1, -2])
        let torch = torchZip(["x": .tensor(.storage(count: 2), [2], [1])], ["0": bytes]).bytes
        let files = [
            safetensors, try folder.file(torch, named: "weights.ckpt"),
            try folder.file(mindSporeValue("x", [2], bytes), named: "weights.safetensors"),
            try folder.file(npz(["x": npy("<f4", "(2,)", bytes)]), named: "weights.zip"),
        ]
        let opened = try files.map { try Checkpoint.open(path: $0) }
        #expect(opened[0] is SafetensorsFile)
        #expect(opened[1] is PyTorchCheckpoint)
        #expect(opened[2] is MindSporeCheckpoint)
        #expect(opened[3] is NumPyArchive)
        for (file, path) in zip(opened, files) {
            #expect(file.origin == path)
            #expect(try file.tensor(named: "x") == tensor)
            #expect(file.roundoff == 0x1p-24)
        }
    }

    /// What begins like no known file is named by its first bytes.
    @Test func otherFilesAreNotCheckpoints() throws {
        let bytes = Array("\u{7F}ELF".utf8) + [2, 1, 1, 0, 0, 0]
        let path = try folder.file(bytes)
        let error = #expect(throws: CheckpointError.self) { try Checkpoint.open(path: path) }
        #expect(error == .unknownFormat(path: path, firstBytes: Array(bytes.prefix(8))))
        #expect(error?.description.contains("7F 45 4C 46 02 01 01 00") == true)
        try expectOneLine(#require(error), naming: path)
    }

    /// A tar archive has its magic number at byte 257.
    @Test func tarArchivesAreRefusedWithTheReason() throws {
        var bytes = [UInt8](repeating: 0, count: 1024)
        bytes.replaceSubrange(0..<8, with: "storages".utf8)
        bytes.replaceSubrange(257..<262, with: "ustar".utf8)
        let path = try folder.file(bytes)
        #expect(throws: PyTorchCheckpointError.self) { try Checkpoint.open(path: path) }
    }

    @Test(arguments: [
        (SafetensorsWriter.ElementType.float32, 0x1p-24), (.float16, 0x1p-11), (.bfloat16, 0x1p-8),
    ])
    func theRoundoffDependsOnTheType(type: SafetensorsWriter.ElementType, roundoff: Double) throws {
        let path = folder.path + "/x"
        try SafetensorsWriter.write([("x", Tensor([1], values: [1]))], as: type, to: path)
        #expect(try Checkpoint.open(path: path).roundoff == roundoff)
    }
}

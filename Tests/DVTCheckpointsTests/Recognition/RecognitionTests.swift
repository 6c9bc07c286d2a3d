import DVTCheckpoints
import DVTCore
import Glibc
import Testing

/// The start of a file that is not read, and parts of its message.
private struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    let parts: [String]

    init(_ name: String, _ bytes: [UInt8], _ parts: String...) {
        self.name = name
        self.bytes = bytes
        self.parts = parts
    }

    init(_ name: String, text: String, _ parts: String...) {
        self.name = name
        self.bytes = Array(text.utf8)
        self.parts = parts
    }

    var testDescription: String { name }
}

/// A tar archive of one empty member.
private func tar(_ name: String, magic: String = "") -> [UInt8] {
    var header = [UInt8](repeating: 0, count: 1536)
    header.replaceSubrange(0..<name.utf8.count, with: name.utf8)
    header.replaceSubrange(257..<257 + magic.utf8.count, with: magic.utf8)
    header.replaceSubrange(148..<156, with: repeatElement(0x20, count: 8))
    let sum = header.reduce(0) { $0 + Int($1) }
    let digits = String(sum, radix: 8)
    let field = String(repeating: "0", count: 6 - digits.count) + digits
    header.replaceSubrange(148..<155, with: Array(field.utf8) + [0])
    return header
}

private func gzip(_ content: [UInt8]) -> [UInt8] {
    [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3] + deflated(content)
        + littleEndian(checksum(content)) + littleEndian(UInt32(content.count))
}

private func zip(_ names: String...) -> [UInt8] {
    ZipTestArchive(names.map { ZipTestEntry(name: $0, data: [1, 2, 3]) }).bytes
}

private let texts = [
    Case("nothing", [], "is empty; copy or download it again"),
    Case(
        "a Git LFS pointer",
        text: """
            version https://git-lfs.github.com/spec/v1
            oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
            size 88233129

            """,
        "is a Git LFS pointer to a file of 88233129 bytes", "git lfs pull"),
    Case(
        "an HTML page", text: "\r\n <!DOCTYPE html><html lang=\"en\"><head>", "is an HTML page",
        "download the file again"),
    Case("an HTML page without its type", text: "<HTML><BODY>", "is an HTML page"),
    Case("an XML text", text: "<?xml version=\"1.0\"?><Error>", "is an XML text"),
    Case("JSON", text: #"{"model": "deit-small"}"#, "is JSON text", "--model"),
    // The ninth byte is a brace, as in a safetensors file.
    Case("JSON of two objects", text: #"{"abcd":{"x": 1}}"#, "is JSON text"),
    Case(
        "an index of shards", text: #"{"metadata": {"total_size": 9}, "weight_map": {"a": "b"}}"#,
        "is the index of a checkpoint in shards", "give the folder"),
    Case("text", text: "not \u{202E}weights\n", #"is text that begins with "not \u{202E}weights"#),
    Case("short text", text: "short", #"is text that begins with "short""#),
    Case(
        "text that the start cuts within a character",
        text: String(repeating: "ab", count: 255) + "a" + String(repeating: "é", count: 9),
        #"is text that begins with "abab"#),
]

private let archives = [
    Case(
        "a tar archive", tar("weights/a\u{1B}.pth"),
        #"is a tar archive that begins with "weights/a\u{1B}.pth""#, "tar -xf"),
    Case(
        "a compressed tar archive", gzip(tar("weights.pth")), "is a tar archive compressed by gzip"),
    Case("a compressed file", gzip([1, 2, 3]), "is compressed by gzip", "gunzip"),
    Case("a damaged compressed file", [0x1F, 0x8B, 8, 9], "is compressed by gzip"),
    Case("bzip2", Array("BZh91AY&SY".utf8), "is compressed by bzip2", "bzip2 -d"),
    Case("xz", [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0, 0, 4], "is compressed by xz", "xz -d"),
    Case("zstd", [0x28, 0xB5, 0x2F, 0xFD, 4], "is compressed by zstd", "zstd -d"),
    Case("zip", zip("a.txt", "b.txt"), #"is a zip archive of 2 entries, first "a.txt""#),
    Case(
        "a zip archive of weights", zip("readme", "weights\n.pth"),
        #"among them "weights\n.pth""#, "unpack it with unzip"),
    Case("a Keras model", zip("config.json", "model.weights.h5"), "is a Keras model"),
    Case("a zipped SavedModel", zip("m/saved_model.pb"), "with a TensorFlow SavedModel"),
    Case(
        "torch.export of PyTorch 2.1", zip("version", "serialized_exported_program.json"),
        "is a program that torch.export saved (.pt2)", "state_dict()"),
    Case(
        "torch.export of PyTorch 2.8", zip("m/archive_format", "m/models/model.json"),
        "is a program that torch.export saved (.pt2)"),
]

private let models = [
    Case("HDF5", [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A, 0], "is an HDF5 file", "Keras"),
    Case("GGUF", Array("GGUF".utf8) + [3, 0, 0, 0], "is a GGUF file"),
    Case("TensorFlow Lite", [0x1C, 0, 0, 0] + Array("TFL3".utf8), "is a TensorFlow Lite model"),
    Case("one NumPy array", npy("<f4", "(1,)", [0, 0, 0, 0]), "is one NumPy array", "numpy.savez"),
    Case(
        "ONNX", [8, 9, 0x12, 7] + Array("pytorch".utf8) + [0x1A, 1, 0x32],
        #"is an ONNX model by "pytorch""#, "give the checkpoint"),
    Case("ONNX without a producer", [8, 8, 0x3A, 0x90, 1, 0x0A], "is an ONNX model, not"),
    Case("a SavedModel", [8, 1, 0x12, 0xB0, 0x21, 0x0A, 0x10], "is a TensorFlow SavedModel"),
    Case(
        "a TensorFlow graph",
        field(1, field(1, "input") + field(2, "Placeholder") + field(5, [0, 1])),
        "is a TensorFlow graph"),
    Case(
        "Flax", [0x82, 0xA6] + Array("params".utf8) + [0x81, 0xA3] + Array("cls".utf8),
        "is MessagePack, as Flax saves"),
    Case("a pickle", [0x80, 4, 0x95, 9, 0, 0], "is a Python pickle that torch.save did not write"),
    Case("zeros", [UInt8](repeating: 0, count: 4096), "begins with 512 zeros"),
    Case(
        "a TensorFlow index", [0, 0, 2, 1] + [0x57, 0xFB, 0x80, 0x8B, 0x24, 0x75, 0x47, 0xDB],
        "is the index of a TensorFlow checkpoint"),
]

@Suite struct RecognitionTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// The name of the file is that of a format that is read.
    @Test(arguments: texts + archives + models)
    fileprivate func otherFilesAreNamed(_ test: Case) throws {
        let path = try folder.file(test.bytes)
        for key in [nil, "model"] {
            let error = #expect(throws: CheckpointError.self) {
                try Checkpoint.open(path: path, key: key)
            }
            let text = error?.description ?? ""
            for part in test.parts { #expect(text.contains(part), "\(text)") }
            try expectOneLine(#require(error), naming: path)
        }
    }

    /// TorchScript is a zip archive with `data.pkl`, as a checkpoint is.
    @Test func torchScriptIsNamed() throws {
        let path = try folder.file(
            zip("model/code/__torch__.py", "model/constants.pkl", "model/data.pkl"))
        let error = #expect(throws: PyTorchCheckpointError.self) {
            try Checkpoint.open(path: path)
        }
        #expect(error?.problem == .torchScript)
    }

    @Test(arguments: ["storages", "./sys_info"])
    func archivesOfOldPyTorchAreNamed(member: String) throws {
        let path = try folder.file(tar(member, magic: "ustar"))
        let error = #expect(throws: PyTorchCheckpointError.self) {
            try Checkpoint.open(path: path)
        }
        #expect(error?.problem == .tarArchive)
    }

    /// Every cut of every format that is read is an error that names the file.
    @Test func cutFilesAreErrors() throws {
        let bytes = floatBytes([1, 2])
        let files = [
            safetensors("{" + member("x") + "}", data: bytes),
            torchZip(["x": .vector(count: 2)], ["0": bytes]).bytes,
            torchLegacy(["x": .vector(count: 2)], [("0", 2, bytes)]),
            mindSporeValue("x", [2], bytes), npz(["x": npy("<f4", "(2,)", bytes)]),
        ]
        for file in files {
            let whole = try Checkpoint.open(path: folder.file(file))
            #expect(try whole.tensor(named: "x").values == [1, 2])
            for count in file.indices {
                let path = try folder.file(Array(file.prefix(count)))
                let error = #expect(throws: (any Error).self) { try Checkpoint.open(path: path) }
                try expectOneLine(#require(error), naming: path)
            }
        }
    }

    /// Starts of all these files with random damage, whatever they are then taken for.
    @Test func damagedStartsAreFilesOrErrors() throws {
        let bytes = floatBytes([1, 2])
        let starts =
            (texts + archives + models).map(\.bytes).filter { !$0.isEmpty } + [
                safetensors("{" + member("x") + "}", data: bytes),
                mindSporeValue("x", [2], bytes), npz(["x": npy("<f4", "(2,)", bytes)]),
            ]
        for start in starts {
            try damageAtRandom(start, count: 50) { damaged in
                let path = try folder.file(damaged)
                do {
                    _ = try Checkpoint.open(path: path)
                } catch {
                    expectOneLine(error, naming: path)
                }
            }
        }
    }

    @Test(arguments: [
        ("saved_model.pb", "is a TensorFlow SavedModel"),
        ("manifest.ocdbt", "is a checkpoint of Orbax"),
        ("zero_to_fp32.py", "is a checkpoint of DeepSpeed in parts; join them"),
        (".metadata", "dcp_to_torch"), ("weights.pth", "is a folder without config.json"),
    ])
    func otherFoldersAreNamed(file: String, part: String) throws {
        _ = try folder.file([1], named: file)
        let error = #expect(throws: CheckpointError.self) {
            try Checkpoint.open(path: folder.path)
        }
        #expect(error?.description.contains(part) == true)
        try expectOneLine(#require(error), naming: folder.path)
    }

    @Test(arguments: [
        ("flax_model.msgpack", "has the weights of Flax only (flax_model.msgpack)"),
        ("tf_model.h5", "has the weights of TensorFlow only"), ("other", "but none of the weights"),
    ])
    func weightsOfOtherFrameworksAreNamed(file: String, part: String) throws {
        _ = try folder.file(Array("{}".utf8), named: "config.json")
        _ = try folder.file([1], named: file)
        let error = #expect(throws: CheckpointError.self) {
            try Checkpoint.open(path: folder.path)
        }
        #expect(error?.description.contains(part) == true)
        try expectOneLine(#require(error), naming: folder.path)
    }
}

import DVTCheckpoints
import DVTCore
import DVTModel
import DVTVision
import Foundation
import Testing

/// `dvt preprocess`.
@Suite(.needsProgram, .timeLimit(.minutes(10)))
struct PreprocessCommandTests {
    struct Row: Decodable {
        let row: Int?
        let file: String
        let minimum: Float?
        let maximum: Float?
        let mean: Double?
        let error: String?
    }

    private let folder: TemporaryFolder
    private let output: String

    init() throws {
        folder = try TemporaryFolder()
        output = "\(folder.path)/x.safetensors"
    }

    private func preprocess(_ arguments: [String]) async throws -> ProgramOutput {
        try await dvt(
            ["preprocess", "--model", "tiny-deit", "--output", output, "--format", "jsonl"]
                + arguments, needsKernels: false)
    }

    private func images() throws -> Tensor {
        try SafetensorsFile(path: output).tensor(named: "images")
    }

    @Test func writesWhatTheModelSees() async throws {
        let paths = [Fixtures.photo(1), Fixtures.png, Fixtures.photo(8)]
        let run = try await preprocess(paths)
        #expect(run.code == 0, "\(run.errors)")
        let preprocessing = try Preprocessing(ModelCard.named("tiny-deit"))
        let expected = try paths.map { path in
            preprocessing.tensor(
                from: try ImageDecoder.decode(path: path, applyingOrientation: true))
        }
        let images = try images()
        #expect(images.shape == [3, 3, 224, 224])
        #expect(images.values == expected.flatMap(\.values))
        let rows = try jsonLines(run.output, as: Row.self)
        #expect(rows.map(\.row) == [0, 1, 2] && rows.map(\.file) == paths)
        for (row, tensor) in zip(rows, expected) {
            #expect(row.minimum == tensor.values.min())
            #expect(row.maximum == tensor.values.max())
            let mean = tensor.values.reduce(0) { $0 + Double($1) } / Double(tensor.values.count)
            #expect(abs(try #require(row.mean) - mean) < 1e-9)
        }
        let metadata = try SafetensorsFile(path: output).metadata
        let names = try JSONDecoder().decode(
            [String].self, from: Data(try #require(metadata["files"]).utf8))
        #expect(names == paths && metadata["model"] == "tiny-deit")
        #expect(metadata["preprocessing"]?.contains(#""size":224,"resize":256"#) == true)
        #expect(run.errorLines.last == "\(output): 3 images of 3x224x224 in float32")
    }

    /// The values are those of torchvision's arithmetic after Pillow's, see `generate.py`.
    @Test(arguments: ["authors", "timm"])
    func equalsTorchvision(preset: String) async throws {
        let table = try String(contentsOfFile: Fixtures.torchvision, encoding: .utf8)
            .split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
            .filter { $0[1] == preset && $0[2] == "224" }
        #expect(table.count == 3)
        let run = try await preprocess(
            ["--preprocessing", preset] + table.map { "\(Fixtures.photos)/\($0[0])" })
        #expect(run.code == 0, "\(run.errors)")
        let images = try images()
        let size = images.values.count / 3
        for (index, row) in table.enumerated() {
            let values = Array(images.values[index * size..<(index + 1) * size])
            let sum = values.withUnsafeBytes { checksum($0) }
            #expect("\(sum)" == row[3], "\(row)")
        }
    }

    /// Unreadable files have no row of the tensor; a record only if asked for.
    @Test func unreadableFilesHaveNoRow() async throws {
        let broken = try folder.file("a.jpg", "no image")
        let paths = [Fixtures.photo(1), broken, Fixtures.photo(2)]
        let run = try await preprocess(["--on-error", "record"] + paths)
        #expect(run.code == 1)
        let rows = try jsonLines(run.output, as: Row.self)
        #expect(rows.map(\.row) == [0, nil, 1] && rows.map(\.file) == paths)
        #expect(rows[1].error?.hasPrefix(broken) == true && rows[1].mean == nil)
        #expect(try images().shape == [2, 3, 224, 224])
        let stopped = try await preprocess(["--on-error", "stop"] + paths)
        #expect(stopped.code == 1)
        #expect(
            stopped.errorLines.contains("\(output): not written because of the error"),
            "\(stopped.errors)")
        // The file of the run before.
        #expect(try images().shape == [2, 3, 224, 224])
    }

    @Test func nothingIsWrittenWithoutImages() async throws {
        let run = try await preprocess([try folder.file("a.jpg", "no image")])
        #expect(run.code == 1 && !FileManager.default.fileExists(atPath: output))
        #expect(run.errorLines.last == "\(output): not written because no image could be read")
    }

    @Test func otherOutputsAreRefused() async throws {
        let photo = try folder.copy(Fixtures.photo(1), as: "photo.jpg")
        let run = try await dvt(
            "preprocess", "--output", photo, photo, needsKernels: false)
        #expect(run.code == 64 && run.errors.contains("must end in .safetensors"))
        let nowhere = try await dvt(
            "preprocess", "--output", "/nowhere/x.safetensors", photo, needsKernels: false)
        #expect(nowhere.code == 1 && nowhere.errors.contains("/nowhere/x.safetensors: cannot be"))
    }

    /// After a signal there is neither an output nor a temporary file.
    @Test func aSignalLeavesNothing() async throws {
        let run = try await shell(
            """
            set -m
            { echo "$1"; sleep 60; } | "$DVT" preprocess --model tiny-deit \\
                --output "$2/x.safetensors" --format jsonl - > "$2/rows" 2> "$2/errors" &
            until [ -s "$2/rows" ]; do sleep 0.05; done
            kill -INT %1
            wait %1
            echo "code $?"
            ls -A "$2"
            """, Fixtures.photo(1), folder.path)
        #expect(run.lines == ["code 130", "errors", "rows"], "\(run.output)\(run.errors)")
    }

    /// A file that ends early is refused, or used with a warning where asked.
    @Test func filesThatEndEarlyAreRefusedUnlessAskedFor() async throws {
        let whole = try Data(contentsOf: URL(fileURLWithPath: Fixtures.photo(1)))
        let path = "\(folder.path)/cut.jpg"
        try whole.dropLast(2).write(to: URL(fileURLWithPath: path))
        let refused = try await preprocess([path])
        #expect(refused.code == 1)
        let used = try await preprocess([path, "--truncated", "use"])
        #expect(used.code == 0)
        #expect(
            used.errorLines.contains(
                "warning: \(path): ends without its end marker; all of its pixels are used"))
        let expected = try Preprocessing(ModelCard.named("tiny-deit")).tensor(
            from: ImageDecoder.decode(path: Fixtures.photo(1), applyingOrientation: true))
        #expect(try images().values == expected.values)
    }
}

/// The CRC-32 of zlib.
private func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    ~bytes.reduce(~0) { sum, byte in
        (0..<8).reduce(sum ^ UInt32(byte)) { sum, _ in
            sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1
        }
    }
}

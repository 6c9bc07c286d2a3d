import DVTCheckpoints
import DVTCore
import DVTModel
import Foundation
import Testing

/// `dvt export`; the files are tested with the library.
@Suite(.needsProgram, .timeLimit(.minutes(10)))
struct ExportCommandTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private var output: String { "\(folder.path)/out" }

    private func export(_ arguments: String...) async throws -> ProgramOutput {
        try await dvt(["export"] + arguments, needsKernels: false)
    }

    private func names(_ path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    }

    @Test func everyStageIsAFileOfONNX() async throws {
        let run = try await export("--to", "onnx", "dvt-cifar10", output)
        #expect(run.code == 0 && run.output.isEmpty, "\(run.errors)")
        #expect(try names(output) == ["stage0.onnx", "stage1.onnx"])
        let lines = run.errorLines
        #expect(lines.count == 2)
        #expect(
            lines[0].contains("stage0.onnx: stage 1 of 2 of dvt-cifar10, ")
                && lines[0].hasSuffix(
                    "pixels [N, 3, 32, 32] -> logits [N, 10], features [N, 26, 128], "
                        + "relations [N, 24, 26, 26]")
        )
        let file = try Data(contentsOf: URL(fileURLWithPath: "\(output)/stage0.onnx"))
        for text in ["dvt.class_names", "airplane", "dvt.threshold", "dvt-cifar10 (built into"] {
            #expect(file.range(of: Data(text.utf8)) != nil, "\(text)")
        }
    }

    /// A stage alone is the folder's only model.
    @Test func oneStageIsAModelOfItsOwn() async throws {
        let arguments = ["synthetic:1", output, "--model", "tiny-deit", "--stage", "1"]
        let onnx = try await dvt(["export", "--to", "onnx"] + arguments, needsKernels: false)
        #expect(onnx.code == 0, "\(onnx.errors)")
        #expect(try names(output) == ["model.onnx"])
        let timm = try await dvt(
            ["export", "--to", "timm", "--replace"] + arguments, needsKernels: false)
        #expect(timm.code == 0, "\(timm.errors)")
        #expect(try names(output) == ["config.json", "model.onnx", "model.safetensors"])
        #expect(timm.errors.contains("stage 1 of 3 of tiny-deit, vit_base_patch16_224 of timm"))
        let info = try await dvt("info", output, needsKernels: false)
        #expect(info.code == 0, "\(info.errors)")
    }

    /// Stages without reuse are folders.
    @Test func stagesWithoutReuseAreFolders() async throws {
        let run = try await export(
            "--to", "transformers", "synthetic:1", output, "--model", "tiny-deit",
            "--feature-reuse", "off", "--relation-reuse", "off", "--labels", "cifar10")
        #expect(
            run.code == 1
                && run.errors.contains(
                    "stage 2 of 3 of tiny-deit: Hugging Face transformers has no such network: "
                        + "its patches extend 3 pixels beyond the image"),
            "\(run.errors)")
        #expect(try names(folder.path).isEmpty)
        let model = try folder.file(
            "pair.json",
            #"""
            {"classes": 10, "labels": "cifar10", "image_size": 32, "feature_reuse": false,
             "relation_reuse": false, "stages": [
              {"width": 32, "depth": 1, "heads": 1, "patch": 16},
              {"width": 32, "depth": 1, "heads": 1, "patch": 8}]}
            """#)
        let pair = try await export(
            "--to", "transformers", "synthetic:1", output, "--model", model)
        #expect(pair.code == 0, "\(pair.errors)")
        #expect(try names(output) == ["stage0", "stage1"])
        let files = ["config.json", "model.safetensors", "preprocessor_config.json"]
        #expect(try names("\(output)/stage1") == files)
        let file = try Checkpoint.open(path: "\(output)/stage1")
        let card = try ModelCard(storedIn: file)
        #expect(card.configuration.stages[0].grid == 4)
        #expect(card.labels != nil)
    }

    @Test(arguments: [
        (["timm", "dvt-cifar10"], 1, "stage 1 of 2 of dvt-cifar10: timm has no such network"),
        (["onnx", "--stage", "3", "dvt-cifar10"], 64, "--stage is 3, and dvt-cifar10 has 2"),
        (["onnx", "--stage", "0", "dvt-cifar10"], 64, "--stage is 0; stages are counted"),
        (["onnx", "synthetic:x"], 64, "has no valid seed"),
        (["coreml", "dvt-cifar10"], 64, "The value 'coreml' is invalid for '--to <target>'"),
        (["onnx", "none.safetensors"], 1, "none.safetensors: cannot be opened"),
        (["onnx", "--labels", "cifar100", "dvt-cifar10"], 1, "100 class names"),
    ])
    func faultsLeaveNoFolder(options: [String], code: Int32, message: String) async throws {
        let run = try await dvt(["export", "--to"] + options + [output], needsKernels: false)
        #expect(run.code == code && run.errors.contains(message), "\(run.errors)")
        #expect(try names(folder.path).isEmpty)
    }

    /// The model's own files are never replaced.
    @Test func inputFoldersAreKept() async throws {
        let first = try await export(
            "--to", "timm", "synthetic:1", output, "--model", "vit_tiny_patch16_224")
        #expect(first.code == 0, "\(first.errors)")
        let file = "\(output)/config.json"
        let before = try Data(contentsOf: URL(fileURLWithPath: file))
        let refused = try await export("--to", "onnx", output, output)
        #expect(refused.code == 1 && refused.errors.contains("out: exists; choose another folder"))
        let same = try await export("--to", "timm", "--replace", output, output)
        #expect(same.code == 1 && same.errors.contains("is an input file"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == before)
        // Beside them, other files may be written.
        let beside = try await export("--to", "onnx", "--replace", output, output)
        #expect(beside.code == 0, "\(beside.errors)")
        #expect(try names(output) == ["config.json", "model.onnx", "model.safetensors"])
    }

    @Test func interruptedExportsLeaveNoFolder() async throws {
        let run = try await shell(
            """
            "$DVT" export --to onnx synthetic:1 "$1/x" --model deit-base &
            until [[ -n $(ls -A "$1") ]] || ! kill -0 $! 2> /dev/null; do sleep 0.01; done
            kill -INT $! 2> /dev/null; wait $!; echo "code $?"; ls -A "$1"
            """, folder.path)
        // If it ended before the signal, the folder is complete.
        #expect(["code 130\n", "code 0\nx\n"].contains(run.output), "\(run.output)")
    }
}

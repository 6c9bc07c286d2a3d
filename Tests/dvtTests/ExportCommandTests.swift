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
        let again = try await dvt(
            ["export", "--to", "onnx", "--replace"] + arguments, needsKernels: false)
        #expect(again.code == 0, "\(again.errors)")
        #expect(try names(output) == ["model.onnx"])
    }

    @Test(arguments: [
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

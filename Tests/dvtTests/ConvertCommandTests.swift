import DVTCheckpoints
import DVTCore
import DVTSupport
import Foundation
import Testing

/// `dvt convert`, and the other commands with its files.
@Suite(.needsProgram, .timeLimit(.minutes(10)))
struct ConvertCommandTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private var output: String { "\(folder.path)/converted.safetensors" }

    /// The metadata of the authors' checkpoints.
    private let extras = [
        "dynamic_threshold": "[[0.9,0.8,-1e8],[0.5,0.4,-1e8]]",
        "budgeted_batch_classification": "[[0.02,0.01],[70,60]]", "flops": "[0.01,0.03,0.08]",
    ]

    private func convert(_ arguments: String..., file: String) async throws -> ProgramOutput {
        try await dvt(["convert", file, output] + arguments, needsKernels: false)
    }

    @Test func theCardReplacesTheModelOption() async throws {
        let file = try Weights.file(Weights.synthetic(seed: 50), metadata: extras, in: folder)
        let run = try await convert("--model", "tiny-deit", file: file)
        #expect(run.code == 0 && run.output.isEmpty)
        #expect(run.errorLines.count == 1)
        #expect(run.errors.contains("tiny-deit, 128 tensors, "))
        let written = try SafetensorsFile(path: output)
        let source = try SafetensorsFile(path: file)
        #expect(written.shapes == source.shapes)
        for name in written.shapes.keys {
            #expect(try written.tensor(named: name) == source.tensor(named: name))
        }
        for (key, text) in extras {
            #expect(written.metadata[key] == text)
        }
        #expect(written.metadata["format"] == "pt")
        let info = try await dvt("info", output, needsKernels: false)
        #expect(info.code == 0)
        #expect(info.output == (try await dvt("info", "tiny-deit", needsKernels: false)).output)
    }

    /// A plain ViT for images of half the size.
    @Test func imagesOfAnotherSizeTakeResampledPositions() async throws {
        let file = try Weights.file(Weights.plain(width: 32, depth: 1, patch: 16), in: folder)
        let model = try folder.file(
            "plain.json",
            #"{"classes": 10, "stages": [{"width": 32, "depth": 1, "heads": 1, "patch": 16}]}"#)
        let run = try await convert("--model", model, "--image-size", "112", file: file)
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.errors.contains("positions are resampled from 14 x 14 to 7 x 7"))
        let written = try SafetensorsFile(path: output)
        #expect(written.shapes["pos_embed"] == [1, 50, 32])
        #expect(written.metadata["dvt.model_card"]?.contains(#""image_size":112"#) == true)
        let odd = try await convert("--model", model, "--image-size", "100", file: file)
        #expect(
            odd.code == 1 && odd.errors.contains("have no whole patches of 16"), "\(odd.errors)")
        // Without the option, positions of another grid are those of another model.
        let other = try folder.file(
            "other.json",
            #"""
            {"classes": 10, "image_size": 112,
             "stages": [{"width": 32, "depth": 1, "heads": 1, "patch": 16}]}
            """#)
        let refused = try await convert("--model", other, file: file)
        #expect(refused.code == 1 && refused.errors.contains("pos_embed has shape [1, 197, 32]"))
    }

    /// A folder of timm names the model, and its files are inputs.
    @Test func foldersNeedNoModel() async throws {
        try SafetensorsWriter.write(
            Weights.plain(width: 32, depth: 1, patch: 16),
            to: "\(folder.path)/model.safetensors")
        let description = #"""
            {"architecture": "vit_tiny_patch16_224", "num_classes": 10,
             "model_args": {"embed_dim": 32, "depth": 1, "num_heads": 1},
             "pretrained_cfg": {"crop_pct": 0.9, "license": "mit"}}
            """#
        let config = try folder.file("config.json", description)
        let run = try await convert(file: folder.path)
        #expect(run.code == 0, "\(run.errors)")
        let written = try SafetensorsFile(path: output)
        #expect(written.metadata["dvt.model_card"]?.contains(#""crop_fraction":0.9"#) == true)
        #expect(written.metadata["config.json"] == description)
        for input in ["model.safetensors", "link.safetensors"] {
            let path = "\(folder.path)/\(input)"
            if input.hasPrefix("link") {
                try FileManager.default.linkItem(atPath: config, toPath: path)
            }
            let refused = try await dvt("convert", folder.path, path, needsKernels: false)
            #expect(refused.code == 1 && refused.errors.contains("is an input file"))
        }
    }

    /// An option that would have no effect is an error.
    @Test(arguments: [
        (["--weights", "synthetic:1"], "--checkpoint-key chooses weights within a PyTorch file"),
        (["--weights", "dvt-cifar10"], "dvt-cifar10: has no key \"model\""),
    ])
    func keysNeedAFileOfPyTorch(weights: [String], message: String) async throws {
        let run = try await dvt(
            ["classify", "--model", "tiny-deit", "--checkpoint-key", "model"] + weights
                + [Fixtures.photo(1)], needsKernels: false)
        #expect(run.code == 1 && run.errors.contains(message), "\(run.errors)")
    }

    @Test(.needsDevice) func classifiesWithoutNamingTheModel() async throws {
        let file = try Weights.file(Weights.synthetic(seed: 50), in: folder)
        let labels = try folder.file("names.txt", (0..<10).map { "name \($0)\n" }.joined())
        _ = try await convert(
            "--model", "tiny-deit", "--labels", labels, "--threshold", "0.5", "--threshold", "0.6",
            file: file)
        let run = try await dvt(
            "classify", "--weights", output, "--format", "json", "--topk", "2", Fixtures.photos)
        let expected = try await classify(
            "--threshold", "0.5", "--threshold", "0.6", "--format", "json", Fixtures.photos)
        let rows = try json(run.output, as: ClassifyRow.self)
        #expect(
            rows.map(\.decision)
                == (try json(expected.output, as: ClassifyRow.self)).map(\.decision))
        for row in rows {
            #expect(row.label == "name \(row.class)")
            #expect(row.top?.allSatisfy { $0.label == "name \($0.class)" } == true)
        }
        let shown = try table(
            try await dvt("classify", "--weights", output, Fixtures.photo(1)).output)
        #expect(shown[0].contains("Label") && shown[1].contains("name \(rows[0].class)"))
    }

    /// The second row costs less; the first is more accurate within the larger budget.
    @Test(
        .needsDevice,
        arguments: [
            (["--operating-point", "1"], ["0.9", "0.8"]), (["--budget", "0.015"], ["0.5", "0.4"]),
            (["--budget", "1"], ["0.9", "0.8"]),
        ])
    func storedThresholdsAreUsed(options: [String], thresholds: [String]) async throws {
        let file = try Weights.file(Weights.synthetic(seed: 50), metadata: extras, in: folder)
        let images = ["--format", "json", Fixtures.photos]
        let run = try await dvt(
            ["classify", "--model", "tiny-deit", "--weights", file] + options + images)
        let expected = try await classify(thresholds.flatMap { ["--threshold", $0] } + images)
        #expect(run.code == 0)
        #expect(run.output == expected.output)
    }

    @Test(.needsDevice) func halfPrecisionWeightsRun() async throws {
        let file = try Weights.file(Weights.synthetic(seed: 50), in: folder)
        for type in ["float16", "bfloat16"] {
            let run = try await convert("--model", "tiny-deit", "--dtype", type, file: file)
            #expect(run.code == 0)
            let written = try SafetensorsFile(path: output)
            let name = "normal_token.head.bias"
            #expect(try written.dtype(named: name) == (type == "float16" ? .float16 : .bfloat16))
            #expect((try await dvt("classify", "--weights", output, Fixtures.photo(1))).code == 0)
        }
    }

    /// A failed conversion leaves an older file unchanged.
    @Test func failedConversionsKeepTheOldFile() async throws {
        let older = try folder.file("converted.safetensors", "older")
        let tensors = try Weights.synthetic(seed: 1).map { name, tensor in
            let isHead = name == "normal_token.head.bias"
            return (name: name, tensor: isHead ? Tensor([10], repeating: 70_000) : tensor)
        }
        let file = try Weights.file(tensors, in: folder)
        let cases = [
            (["--model", "tiny-deit", "--dtype", "float16"], "overflows float16"),
            (["--model", "tiny-t2t"], "does not fit model tiny-t2t"),
            ([], "holds no model card; name the model"),
            (["--model", "tiny-deit", "--labels", "cifar100"], "100 class names"),
        ]
        for (options, part) in cases {
            let run = try await dvt(["convert", file, output] + options, needsKernels: false)
            #expect(run.code == 1 && run.errorLines.count == 1, "\(run.errors)")
            #expect(run.errors.contains(part), "\(run.errors)")
            #expect(try String(contentsOfFile: older, encoding: .utf8) == "older")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 2)
    }

    @Test func inputFilesAreNotReplaced() async throws {
        let file = try Weights.file(Weights.synthetic(seed: 1), in: folder)
        let link = "\(folder.path)/link.safetensors"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: file)
        let before = try Data(contentsOf: URL(fileURLWithPath: file))
        for path in [file, link] {
            let run = try await dvt(
                "convert", file, path, "--model", "tiny-deit", needsKernels: false)
            #expect(run.code == 1 && run.errors.contains("is an input file"))
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == before)
    }

    @Test func theElementTypeIsKept() async throws {
        let file = try Weights.file(Weights.synthetic(seed: 1), as: .bfloat16, in: folder)
        #expect((try await convert("--model", "tiny-deit", file: file)).code == 0)
        let written = try SafetensorsFile(path: output)
        #expect(try written.dtype(named: "normal_token.head.bias") == .bfloat16)
    }

    /// The largest float32 lies half a unit in the last place above the largest bfloat16.
    @Test func bfloat16OverflowIsRefused() async throws {
        let tensors = try Weights.synthetic(seed: 1).map { name, tensor in
            let isHead = name == "normal_token.head.bias"
            let value = Float.greatestFiniteMagnitude
            return (name: name, tensor: isHead ? Tensor([10], repeating: value) : tensor)
        }
        let file = try Weights.file(tensors, in: folder)
        let run = try await convert("--model", "tiny-deit", "--dtype", "bfloat16", file: file)
        #expect(run.code == 1 && run.errors.contains("overflows bfloat16"))
    }

    /// Users without access to the old file have no access to the new one.
    @Test func theModeOfAReplacedFileIsKept() async throws {
        let older = try folder.file("converted.safetensors", "older")
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: older)
        let file = try Weights.file(Weights.synthetic(seed: 1), in: folder)
        #expect((try await convert("--model", "tiny-deit", file: file)).code == 0)
        let attributes = try FileManager.default.attributesOfItem(atPath: older)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test func interruptedConversionsLeaveNoFile() async throws {
        let run = try await shell(
            """
            "$DVT" convert synthetic:1 "$1/x.safetensors" --model deit-base &
            until [[ -n $(ls -A "$1") ]] || ! kill -0 $! 2> /dev/null; do sleep 0.01; done
            kill -INT $! 2> /dev/null; wait $!; echo "code $?"; ls -A "$1"
            """, folder.path)
        // If it ended before the signal, the file is complete.
        #expect(["code 130\n", "code 0\nx.safetensors\n"].contains(run.output), "\(run.output)")
    }

    @Test func nonFiniteWeightsAreRefused() async throws {
        let tensors = try Weights.synthetic(seed: 1).map { name, tensor in
            let isHead = name == "normal_token.head.bias"
            return (name: name, tensor: isHead ? Tensor([10], repeating: .nan) : tensor)
        }
        let file = try Weights.file(tensors, in: folder)
        let run = try await convert("--model", "tiny-deit", file: file)
        #expect(run.code == 1)
        #expect(run.errors.contains("\"normal_token.head.bias\" holds nan, not a valid weight"))
    }

    /// Two plain ViTs of different widths, each with its own file, named relative to the JSON.
    @Test(.needsDevice) func separatelyTrainedStagesHaveTheirOwnFiles() async throws {
        let text = #"""
            {"name": "pair", "classes": 10, "stages": [
              {"width": 32, "depth": 1, "heads": 1, "tokens": 49, "weights": "small.safetensors"},
              {"width": 64, "depth": 2, "heads": 2, "tokens": 196, "weights": "large.safetensors"}]}
            """#
        let model = try folder.file("pair.json", text)
        for (name, stage) in [("small", 0), ("large", 1)] {
            try SafetensorsWriter.write(
                Weights.plain(width: [32, 64][stage], depth: stage + 1, patch: [32, 16][stage]),
                metadata: ["license": "stage \(stage)"], to: "\(folder.path)/\(name).safetensors")
        }
        let run = try await dvt(
            "classify", "--model", model, "--threshold", "2", "--format", "json", Fixtures.photo(1))
        #expect(run.code == 0, "\(run.errors)")
        #expect(try json(run.output, as: ClassifyRow.self).map(\.exit) == [1])
        let parity = try await dvt("parity", "--model", model)
        #expect(parity.code == 0, "\(parity.errors)")
        #expect(parity.errorLines.last == "3 checks passed")
        let copy = "\(folder.path)/pair.safetensors"
        let conversion = try await dvt("convert", model, copy)
        #expect(conversion.code == 0, "\(conversion.errors)")
        #expect(try SafetensorsFile(path: copy).metadata["stage1.license"] == "stage 1")
    }
}

/// `dvt embed`.
@Suite(.needsProgram, .needsDevice, .timeLimit(.minutes(10)))
struct EmbedCommandTests {
    struct Row: Decodable {
        let file: String
        let features: [Double]
    }

    private func embed(_ arguments: String...) async throws -> ProgramOutput {
        try await dvt(
            ["embed", "--model", "tiny-deit", "--weights", "synthetic:50"] + arguments)
    }

    @Test func printsTheLastStagesFeatures() async throws {
        let run = try await embed("--format", "json", "--batch-size", "5", Fixtures.photos)
        #expect(run.code == 0)
        let rows = try json(run.output, as: Row.self)
        #expect(rows.map(\.file) == Fixtures.photoFiles)
        #expect(rows.allSatisfy { $0.features.count == 64 })
        #expect(Set(rows.map(\.features)).count == rows.count)
        // An image's result does not depend on its batch.
        let alone = try json(
            try await embed("--format", "json", Fixtures.photo(6)).output, as: Row.self)
        for (x, y) in zip(alone[0].features, rows[5].features) {
            #expect(abs(x - y) < 1e-5)
        }
    }

    @Test func unreadableFilesAreReported() async throws {
        let run = try await embed("--format", "jsonl", "none.jpg", Fixtures.photo(1))
        #expect(run.code == 1)
        #expect(try jsonLines(run.output, as: Row.self).count == 1)
        #expect(run.errors.contains("none.jpg"))
    }
}

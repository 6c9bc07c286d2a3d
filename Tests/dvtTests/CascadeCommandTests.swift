import Foundation
import Testing

/// `dvt cascade`, and cascades of one model on images of several sizes in other commands.
@Suite(.needsProgram, .timeLimit(.minutes(10)))
struct CascadeCommandTests {
    private struct Row: Decodable {
        let measurement: String
        let top1: Double
        let images: Int
    }

    private let folder: TemporaryFolder
    private static let device = ["--device", "reference"]

    init() throws {
        folder = try TemporaryFolder()
    }

    private func path(_ name: String) -> String { "\(folder.path)/\(name)" }

    private func run(_ arguments: [String]) async throws -> ProgramOutput {
        try await dvt(arguments, needsKernels: false)
    }

    /// A plain model for images of 32 pixels, and images in ten classes.
    private func makeInputs() async throws {
        _ = try folder.file(
            "plain.json",
            """
            {"name": "plain", "image_size": 32, "classes": 3,
             "stages": [{"patch": 8, "width": 32, "depth": 1, "heads": 2}]}
            """)
        let converted = try await run(
            ["convert", "synthetic:1", path("plain.safetensors"), "--model", path("plain.json")])
        #expect(converted.code == 0, "\(converted.errors)")
        let drawn = try await run(["synthesize", path("set"), "--count", "60", "--size", "32"])
        #expect(drawn.code == 0, "\(drawn.errors)")
    }

    private func cascade(_ data: String, _ more: String...) async throws -> ProgramOutput {
        try await run(
            [
                "cascade", path("plain.safetensors"), "--sizes", "16,32", "--data", path(data),
                "--output", path("run"), "--epochs", "2", "--format", "jsonl",
            ] + Self.device + more)
    }

    @Test func aBackboneBecomesACalibratedCascade() async throws {
        try await makeInputs()
        let made = try await cascade("set")
        #expect(made.code == 0, "\(made.errors)")
        // Standard output is the last step's alone.
        #expect(made.lines.count == 4 && made.output.hasPrefix("{"), "\(made.output)")
        let steps = made.errorLines.filter { $0.hasPrefix("cascade: step ") }
        #expect(steps.count == 4)
        #expect(steps.first?.contains("--freeze backbone --augmentation none") == true)
        #expect(steps.last?.contains("--split val") == true)
        #expect(made.errors.contains("positions are resampled from 4 x 4 to 2 x 2"))
        let info = try await run(["info", path("run/cascade.safetensors")])
        #expect((info.output + info.errors).contains("16, 32 pixels"))
        #expect((info.output + info.errors).contains("share their backbone"))
        #expect((info.output + info.errors).contains("; thresholds "))
        #expect(FileManager.default.fileExists(atPath: path("run/report.html")))
        // Nothing is overwritten, and a run continues.
        let again = try await cascade("set")
        #expect(again.code == 1 && again.errors.contains("already contains a run"))
        let resumed = try await cascade("set", "--resume")
        #expect(resumed.code == 0, "\(resumed.errors)")
        // The whole network continues from the trained heads.
        let thawed = try await run(
            [
                "train", path("set"), "--split", "train", "--hold-out-every", "10", "--output",
                path("run"), "--resume", "--freeze", "none", "--epochs", "3",
            ] + Self.device)
        #expect(thawed.code == 0, "\(thawed.errors)")
    }

    /// Without splits, one tenth of the images chooses thresholds and another measures.
    @Test func aFolderWithoutSplitsIsDivided() async throws {
        try await makeInputs()
        let made = try await cascade("set/train")
        #expect(made.code == 0, "\(made.errors)")
        let steps = made.errorLines.filter { $0.hasPrefix("cascade: step ") }
        #expect(steps[0].contains("--hold-out-every 5"))
        #expect(steps[1].contains("--every-nth 5 --shard 0/2"))
        #expect(steps[3].contains("--every-nth 5 --shard 1/2"))
    }

    @Test(arguments: [
        (["--sizes", "32"], "at least two sizes"), (["--sizes", "16,x"], "16,x"),
        (["--max-drop", "-1"], "--max-drop is -1.0"),
    ])
    func unusableOptionsAreReported(options: [String], text: String) async throws {
        let made = try await run(
            ["cascade", "m", "--data", "d", "--output", "o", "--sizes", "8,16"] + options)
        #expect(made.code == 64 && made.errors.contains(text), "\(made.errors)")
    }

    /// A backbone with two stages, or sizes that its patches do not divide.
    @Test(arguments: [
        ("dvt-cifar10", "16,32", "has 2 stages"), ("plain", "12,32", "no whole patches of 8"),
        ("plain", "32,16", "ascending"),
    ])
    func unfitBackbonesAreReported(weights: String, sizes: String, text: String) async throws {
        try await makeInputs()
        let file = weights == "plain" ? path("plain.safetensors") : weights
        let made = try await run(
            ["convert", file, path("out.safetensors"), "--image-size", sizes])
        #expect(made.code == 1 && made.errors.contains(text), "\(made.errors)")
    }
}

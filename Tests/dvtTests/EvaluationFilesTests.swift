import Foundation
import Testing

/// The files of `dvt evaluate --predictions`, `--confusions` and `--per-class`.
@Suite(.needsProgram, .needsDevice, .timeLimit(.minutes(10)))
struct EvaluationFilesTests {
    private let folder: TemporaryFolder
    private let set: String

    private static let model = ["--model", "tiny-deit", "--weights", "synthetic:50"]

    /// Twelve drawings in three class folders, and a file that is not an image.
    init() throws {
        folder = try TemporaryFolder()
        for (index, photo) in Fixtures.photoFiles.enumerated() {
            try folder.copy(photo, as: "set/class\(index % 3)/\(index + 10).jpg")
        }
        set = "\(folder.path)/set"
        _ = try folder.file("set/class0/00.jpg", "junk")
    }

    private func path(_ name: String) -> String { "\(folder.path)/\(name)" }

    private func text(_ name: String) throws -> String {
        try String(contentsOfFile: path(name), encoding: .utf8)
    }

    private func evaluate(_ arguments: String...) async throws -> ProgramOutput {
        try await dvt(["evaluate"] + Self.model + ["--threshold", "0.35"] + arguments + [set])
    }

    @Test func filesHoldWhatTheTableSums() async throws {
        let run = try await evaluate(
            "--predictions", path("p.csv"), "--confusions", path("c.csv"), "--per-class",
            path("k.csv"), "--format", "csv")
        #expect(run.code == 0 && run.errors.contains("p.csv: 12 images"), "\(run.errors)")
        let images = try csv(text("p.csv"))
        #expect(images.count == 12 && images.allSatisfy { $0["file"]?.hasSuffix(".jpg") == true })
        let all = try csv(run.output)
        let early = try #require(all.last)
        let right = images.count { $0["correct"] == "true" }
        #expect(early["top1"].flatMap(Double.init) == 100 * Double(right) / 12)
        for image in images {
            #expect(image["correct"] == (image["truth"] == image["prediction"] ? "true" : "false"))
            // The first exit that reaches the threshold, otherwise the last.
            let confidences = try (0..<3).map {
                try #require(image["confidence\($0)"].flatMap(Float.init))
            }
            let exit = confidences.prefix(2).firstIndex { $0 >= 0.35 } ?? 2
            #expect(image["exit"] == "\(exit)")
        }
        let pairs = try csv(text("c.csv"))
        #expect(Set(pairs.map { [$0["truth"], $0["prediction"]] }).count == pairs.count)
        for pair in pairs {
            let count = images.count {
                $0["truth"] == pair["truth"] && $0["prediction"] == pair["prediction"]
            }
            #expect(pair["images"] == "\(count)" && pair["share"] == "\(25 * Double(count))")
        }
        #expect(pairs.compactMap { $0["images"].flatMap(Int.init) }.reduce(0, +) == 12)
        let classes = try csv(text("k.csv"))
        #expect(classes.map { $0["label"] } == ["class0", "class1", "class2"])
        for row in classes {
            let own = images.filter { $0["truth"] == row["class"] }
            #expect(row["images"] == "4" && own.count == 4)
            #expect(row["correct"] == "\(own.count { $0["correct"] == "true" })")
            for exit in 0..<3 {
                #expect(row["exit\(exit)"] == "\(own.count { $0["exit"] == "\(exit)" })")
            }
        }
    }

    /// Markdown is for people: names of classes instead of numbers, exits from 1.
    @Test func markdownIsForPeople() async throws {
        let run = try await evaluate("--predictions", path("p.md"), "--per-class", path("k.md"))
        #expect(run.code == 0, "\(run.errors)")
        let images = try markdown(text("p.md"))
        #expect(images[0].prefix(5) == ["File", "Class", "Predicted class", "Correct", "Exit"])
        #expect(
            images.count == 13
                && Set(images.dropFirst().map { $0[4] }).isSubset(of: ["1", "2", "3"]))
        #expect(
            try markdown(text("k.md")).map { $0[0] } == ["Class", "class0", "class1", "class2"])
    }

    /// The records of an interrupted evaluation are kept, and are the first ones of the whole.
    @Test func interruptedEvaluationsKeepTheirImages() async throws {
        let whole = try await evaluate("--predictions", path("whole.jsonl"))
        #expect(whole.code == 0, "\(whole.errors)")
        let run = try await shell(
            """
            "$DVT" evaluate "${@:3}" --batch-size 1 --save-outputs "$1" --predictions "$2" \\
                > /dev/null &
            until grep -qs '"taken":[2-9]' "$1.part/state.json"; do sleep 0.01; done
            kill -TERM $!
            wait $!
            """,
            [path("o.safetensors"), path("part.jsonl")] + Self.model + ["--threshold", "0.35", set])
        // The evaluation may end before the signal.
        #expect(run.code == 143 || run.code == 0, "\(run.errors)")
        struct Row: Decodable, Equatable {
            let file: String
            let truth: Int
        }
        let rows: [Row] = try jsonLines(text("part.jsonl"))
        let all: [Row] = try jsonLines(text("whole.jsonl"))
        #expect(!rows.isEmpty && all.count == 12)
        #expect(rows == Array(all.prefix(rows.count)))
    }

    @Test func filesAreCheckedFirst() async throws {
        let list = try folder.file("list.csv", "set/class0/10.jpg,0\n")
        for (arguments, error, code) in [
            (["--predictions", "p.txt", set], "--predictions is p.txt; it must end in .csv", 64),
            (["--predictions", "p.csv", "--per-class", "p.csv", set], "name the same file", 64),
            (["--confusions", path("none/c.csv"), set], "No such file", 1),
            (["--predictions", list, list], "list.csv: is an input file", 1),
        ] as [([String], String, Int32)] {
            let run = try await dvt(["evaluate"] + Self.model + arguments, needsKernels: false)
            #expect(run.code == code && run.output.isEmpty)
            #expect(run.errors.contains(error), "\(run.errors)")
        }
        #expect(try text("list.csv") == "set/class0/10.jpg,0\n")
    }
}

import Foundation
import Testing

/// `dvt evaluate`.
@Suite(.needsProgram, .needsDevice, .timeLimit(.minutes(10)))
struct EvaluateCommandTests {
    private struct Row: Decodable {
        let measurement: String
        let exit: Int?
        let top1: Double
        let top1Err: Double
        let top5: Double
        let shares: [Double]?
        let gmacs: Double
        let imagesPerSec: Double?
        let latencyMs: [String: Double]?
        let images: Int
        let unreadable: Int
        let thresholds: [Float]?
        let paramCount: Int
        let imgSize: Int
        let cropPct: Double
    }

    private static let model = ["--model", "tiny-deit", "--weights", "synthetic:50"]

    /// Class folders of drawings and a file that is not an image.
    private func makeSet(_ folder: TemporaryFolder, classes: Int = 3) throws -> String {
        for (index, photo) in Fixtures.photoFiles.enumerated() {
            try folder.copy(photo, as: "set/class\(index % classes)/\(index + 10).jpg")
        }
        _ = try folder.file("set/class0/00.jpg", "junk")
        return "\(folder.path)/set"
    }

    @Test func exitsAreMeasuredSideBySide() async throws {
        let folder = try TemporaryFolder()
        let set = try makeSet(folder)
        let run = try await dvt(
            ["evaluate"] + Self.model + ["--threshold", "0.35", "--format", "json", set])
        #expect(run.code == 0, "\(run.errors)")
        let rows = try json(run.output, as: Row.self)
        #expect(
            rows.map(\.measurement) == ["exit 1", "exit 2", "exit 3", "all exits", "early exits"])
        #expect(rows.map(\.exit) == [0, 1, 2, nil, nil])
        for row in rows {
            #expect(row.images == 12 && row.unreadable == 1 && row.imgSize == 224)
            #expect(row.top1 + row.top1Err == 100 && row.top1 <= row.top5)
            #expect(row.cropPct == 0.875 && row.paramCount == 780_542)
        }
        #expect(rows[3].top1 == rows[2].top1 && rows[3].gmacs == rows[2].gmacs)
        let shares = try #require(rows[4].shares)
        #expect(abs(shares.reduce(0, +) - 100) < 1e-9)
        let cost = zip(shares, rows).reduce(0) { $0 + $1.0 / 100 * $1.1.gmacs }
        #expect(abs(rows[4].gmacs - cost) < 1e-9 && rows[4].thresholds == [0.35, 0.35])
        for row in rows.suffix(2) {
            #expect((row.imagesPerSec ?? 0) > 0 && (row.latencyMs?["p99"] ?? 0) > 0)
        }
        #expect(run.errors.contains("00.jpg: ") && run.errors.contains("12 images; 1 could not"))
    }

    /// An evaluation that is killed at any moment and resumed saves the same bytes, and its page
    /// shows the same images.
    @Test func anInterruptedEvaluationResumes() async throws {
        let folder = try TemporaryFolder()
        let set = try makeSet(folder)
        let (whole, cut) = ("\(folder.path)/a.safetensors", "\(folder.path)/b.safetensors")
        let common =
            ["evaluate"] + Self.model + ["--batch-size", "2", "--hold-out-every", "2", set]
        let pages = [whole, cut].map { $0 + ".html" }
        let first = try await dvt(common + ["--save-outputs", whole, "--report", pages[0]])
        #expect(first.code == 0, "\(first.errors)")
        let killed = try await shell(
            """
            "$DVT" "${@:2}" > /dev/null 2>&1 &
            until grep -qs '"taken":[2-9]' "$1.part/state.json"; do sleep 0.01; done
            kill -9 $! 2> /dev/null || true
            """, [cut] + common + ["--save-outputs", cut])
        #expect(killed.code == 0, "\(killed.errors)")
        if FileManager.default.fileExists(atPath: cut + ".part") {
            let refused = try await dvt(common + ["--save-outputs", cut])
            #expect(refused.code == 1 && refused.errors.contains("resume it with --resume"))
            let resumed = try await dvt(
                common + ["--save-outputs", cut, "--resume", "--report", pages[1]])
            #expect(resumed.code == 0, "\(resumed.errors)")
            let galleries = try pages.map { page in
                let text = try String(contentsOfFile: page, encoding: .utf8)
                return String(
                    text[try #require(text.range(of: "Most and least confident")).lowerBound...])
            }
            #expect(galleries[0] == galleries[1] && galleries[0].contains("<img"))
        }
        let files = [whole, cut].map { FileManager.default.contents(atPath: $0) }
        #expect(files[0] != nil && files[0] == files[1])
        let calibrated = try await dvt("calibrate", "--from", whole, "--format", "json")
        #expect(calibrated.code == 0, "\(calibrated.errors)")
    }

    /// A set of one class, and thresholds that every confidence meets.
    @Test func oneClassIsAValidSet() async throws {
        let folder = try TemporaryFolder()
        let set = try makeSet(folder, classes: 1)
        let run = try await dvt(
            ["evaluate"] + Self.model + ["--threshold", "0", "--format", "json", set])
        #expect(run.code == 0, "\(run.errors)")
        let rows = try json(run.output, as: Row.self)
        #expect(rows[4].shares == [100, 0, 0])
    }

    /// Folders give the same results as a CSV file of the model's class numbers, in any order.
    @Test func foldersMatchTheModelsClasses() async throws {
        let folder = try TemporaryFolder()
        let set = try makeSet(folder)
        let model = try folder.file(
            "model.json",
            """
            {"model": "tiny-deit", "labels": ["class2", "b", "c", "Class-1", "e", "f", "class0",
             "h", "i", "j"]}
            """)
        try FileManager.default.moveItem(atPath: set + "/class1", toPath: set + "/class_1")
        let numbers = ["class0": 6, "class_1": 3, "class2": 0]
        let lines = Fixtures.photoFiles.indices.map { index in
            let name = ["class0", "class_1", "class2"][index % 3]
            return "set/\(name)/\(index + 10).jpg,\(numbers[name] ?? 0)"
        }
        let list = try folder.file("set.csv", lines.joined(separator: "\n"))
        var rows: [[Row]] = []
        for data in [set, list] {
            let run = try await dvt(
                "evaluate", "--model", model, "--weights", "synthetic:50", "--format", "json", data)
            #expect(run.code == 0 && !run.errors.contains("note: "), "\(run.errors)")
            rows.append(try json(run.output, as: Row.self))
        }
        #expect(rows[0].map(\.top1) == rows[1].map(\.top1))
        #expect(rows[0].map(\.top5) == rows[1].map(\.top5))
        let unnamed = try await dvt(["evaluate"] + Self.model + [set])
        #expect(unnamed.errors.contains("note: \(set): the model's classes have no names"))
    }

    /// A damaged set is not measured in silence.
    @Test func filesThatEndEarlyAreRefusedUnlessAskedFor() async throws {
        let folder = try TemporaryFolder()
        let set = try makeSet(folder)
        let path = "\(set)/class0/00.jpg"
        let photo = try Data(contentsOf: URL(fileURLWithPath: Fixtures.photo(1)))
        try photo.dropLast(2).write(to: URL(fileURLWithPath: path))
        for (options, images) in [([], 12), (["--truncated", "use"], 13)] as [([String], Int)] {
            let run = try await dvt(
                ["evaluate"] + Self.model + options + ["--format", "json", set])
            #expect(run.code == 0, "\(run.errors)")
            let rows = try json(run.output, as: Row.self)
            #expect(rows.allSatisfy { $0.images == images && $0.unreadable == 13 - images })
            #expect(run.errors.contains("00.jpg: ends without its end marker") == (images == 13))
        }
    }

    @Test func strictStopsAtTheFirstUnreadableImage() async throws {
        let folder = try TemporaryFolder()
        let set = try makeSet(folder)
        let run = try await dvt(
            ["evaluate"] + Self.model + ["--strict", "--batch-size", "1", set])
        #expect(run.code == 1 && run.output.isEmpty)
        #expect(run.errors.contains("00.jpg: "))
    }

    @Test func invalidSetsAreRefused() async throws {
        let folder = try TemporaryFolder()
        let csv = try folder.file("set.csv", "path,label\na.jpg,10\n")
        let cases = [
            (csv, "set.csv: line 2 has the label \"10\"; give a number below 10"),
            ("\(folder.path)/none", "No such file"),
        ]
        for (data, expected) in cases {
            let run = try await dvt(["evaluate"] + Self.model + [data], needsKernels: false)
            #expect(run.code == 1 && run.output.isEmpty)
            #expect(run.errorLines.count == 1 && run.errors.contains(expected), "\(run.errors)")
        }
    }
}

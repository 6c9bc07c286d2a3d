import Foundation
import Testing

/// The pages of `dvt evaluate --report`.
@Suite(.needsProgram, .needsDevice, .timeLimit(.minutes(10)))
struct EvaluationReportTests {
    private let folder: TemporaryFolder
    private let page: String

    init() throws {
        folder = try TemporaryFolder()
        page = "\(folder.path)/out.html"
    }

    private func evaluate(_ arguments: String...) async throws -> ProgramOutput {
        try await dvt(
            ["evaluate", "--model", "tiny-deit", "--weights", "synthetic:50", "--report", page]
                + arguments)
    }

    /// A record of `--confusions`.
    private struct Pair: Decodable {
        let truth: Int
        let prediction: Int
        let images: Int
    }

    private func document() throws -> Document {
        Document(try String(contentsOfFile: page, encoding: .utf8))
    }

    /// Checks the required elements of a page, and that it is self-contained.
    private func check(_ document: Document, images: Int, exits: Int = 3) {
        #expect(document.isWellFormed)
        #expect(document.count("img") == images)
        #expect(document.count("svg", class: "plot") == 2 + 2 * exits)
        for name in ["script", "link", "iframe", "object"] {
            #expect(document.count(name) == 0, "\(name)")
        }
        // Nothing is fetched.
        #expect(!document.attributes.contains { $0.hasPrefix("http") || $0.hasPrefix("url(") })
        #expect(
            document.attributes.count { $0.hasPrefix("data:image/jpeg;base64,/9j/") } == images)
    }

    @Test func thePageShowsEveryPart() async throws {
        for (index, photo) in Fixtures.photoFiles.enumerated() {
            try folder.copy(photo, as: "set/<b>&\(index % 3)/\(index).jpg")
        }
        let confusions = "\(folder.path)/confusions.json"
        let run = try await evaluate(
            "--threshold", "0.35", "--confusions", confusions, "\(folder.path)/set")
        #expect(run.code == 0 && run.errors.contains("out.html: "), "\(run.errors)")
        let document = try document()
        let pairs: [Pair] = try json(String(contentsOfFile: confusions, encoding: .utf8))
        let wrong = pairs.filter { $0.truth != $0.prediction }
        let mistakes = wrong.reduce(0) { $0 + $1.images }
        // Each class's four images are among its two most or least confident ones.
        check(document, images: 12 + mistakes)
        #expect(document.count("figure", class: "tile") == 12 + mistakes)
        #expect(document.count("b") == 0)
        #expect(document.count("path", class: "line") == 1 + 3)
        // Three exits by cost and by speed, and legend entries for the two kinds of square, for all
        // images at one exit, and for correct and wrong predictions at each exit.
        #expect(document.count("rect", class: "mark") == 6 + 3 + 2 * 3)
        #expect(document.count("rect", class: "column") >= 2 * 3)
        #expect(document.count("circle") > 3 * 1)
        // Exits, measurements, classes, the most frequent confusions, and the matrix, with titles.
        let shown = Set(pairs.map(\.truth) + pairs.map(\.prediction)).count
        let rows = [3, 5, 3, min(wrong.count, 10), shown].map { $0 + 1 }
        #expect(document.count("tr") == rows.reduce(0, +))
        let cells = ["hit", "miss"].map { document.count("td", class: "number \($0)") }
        #expect(cells.reduce(0, +) == pairs.count)
        let most = try #require(wrong.max { ($0.images, $1.truth) < ($1.images, $0.truth) })
        #expect(
            run.errors.contains("most frequent confusions: <b>&\(most.truth) as "), "\(run.errors)")
        for text in [
            "<b>&1", "Most confident mistakes", "Confusion matrix", "chosen on these same images",
            "untrained", "(ECE)", "0.35 at exit 2",
        ] {
            #expect(document.text.contains(text), "\(text)")
        }
    }

    @Test func imagesCanBeOmitted() async throws {
        for index in 1...3 { try folder.copy(Fixtures.photo(index), as: "set/only/\(index).jpg") }
        let run = try await evaluate("--report-examples", "0", "\(folder.path)/set")
        #expect(run.code == 0, "\(run.errors)")
        let document = try document()
        check(document, images: 0)
        #expect(document.count("figure", class: "tile") == 0)
        #expect(document.text.contains("Classes") && !document.text.contains("Most confident"))
        let wrong = try await evaluate("--report-examples", "101", "\(folder.path)/set")
        #expect(wrong.code == 64 && wrong.errors.contains("--report-examples is 101"))
    }

    @Test func oneExitHasNoCurve() async throws {
        try folder.copy(Fixtures.photo(1), as: "set/only/1.jpg")
        let model = try folder.file(
            "plain.json",
            """
            {"name": "plain", "image_size": 32, "classes": 10,
             "stages": [{"patch": 8, "width": 32, "depth": 1, "heads": 2}]}
            """)
        let run = try await dvt(
            "evaluate", "--model", model, "--weights", "synthetic:1", "--report", page,
            "\(folder.path)/set")
        #expect(run.code == 0, "\(run.errors)")
        let document = try document()
        check(document, images: 1 + document.count("div", class: "tiles mistakes"), exits: 1)
        #expect(document.text.contains("one exit, so there is no threshold to sweep"))
        #expect(document.count("path", class: "line") == 1 + 1)
    }

    /// One image three times: all confidences are equal, and all predictions are correct or none
    /// is.
    @Test(arguments: [true, false], ["0.35", "2"])
    func equalConfidencesHaveAPage(areRight: Bool, threshold: String) async throws {
        for name in ["a", "b", "c"] { try folder.copy(Fixtures.photo(4), as: "\(name).jpg") }
        let classified = try await classify("--exit", "3", "--format", "json", Fixtures.photo(4))
        let found = try #require(try json(classified.output, as: ClassifyRow.self).first).class
        let label = areRight ? found : (found + 1) % 10
        let set = try folder.file(
            "set.csv", "a.jpg,\(label)\nb.jpg,\(label)\nc.jpg,\(label)\n")
        let run = try await evaluate("--threshold", threshold, set)
        #expect(run.code == 0, "\(run.errors)")
        let document = try document()
        // The three images are equal, so all or none are among the mistakes.
        check(document, images: 3 + 3 * document.count("div", class: "tiles mistakes"))
    }

    @Test func thresholdsOfAFileAreNamed() async throws {
        let calibration = try folder.file(
            "thresholds.json",
            """
            {"criterion": "confidence", "rule": "optimal", "gflops": [1, 2, 3], "points": [
              {"thresholds": [0.2, 0.2, 0], "accuracy": 50, "gflops": 1},
              {"thresholds": [2, 2, 0], "accuracy": 60, "gflops": 3}]}
            """)
        try folder.copy(Fixtures.photo(1), as: "set/only/1.jpg")
        let run = try await evaluate(
            "--calibration", calibration, "--operating-point", "2", "\(folder.path)/set")
        #expect(run.code == 0, "\(run.errors)")
        let document = try document()
        #expect(document.text.contains("thresholds come from \(calibration)"))
        // Two choices of thresholds in the plot, one in its legend, and one point per reliability
        // diagram.
        #expect(document.count("circle") == 2 + 1 + 3)
    }

    @Test func unwritablePagesAreReportedFirst() async throws {
        try folder.copy(Fixtures.photo(1), as: "set/only/1.jpg")
        try folder.copy(Fixtures.photo(1), as: "folder.html/1.jpg")
        let outputs = "\(folder.path)/outputs.safetensors"
        for (name, reason) in [
            ("none/out.html", "No such file"), ("folder.html", "is not a regular file"),
        ] {
            let run = try await dvt(
                "evaluate", "--model", "tiny-deit", "--weights", "synthetic:50", "--report",
                "\(folder.path)/\(name)", "--save-outputs", outputs, "\(folder.path)/set",
                needsKernels: false)
            #expect(run.code == 1 && run.output.isEmpty)
            #expect(run.errorLines.count == 1 && run.errors.contains(reason), "\(run.errors)")
            #expect(!FileManager.default.fileExists(atPath: outputs + ".part"))
        }
    }
}

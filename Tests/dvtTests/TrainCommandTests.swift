import DVTCheckpoints
import Foundation
import Testing

/// `dvt train`: files, resumption and errors.
@Suite(.needsProgram, .timeLimit(.minutes(10)))
struct TrainCommandTests {
    private struct Row: Decodable {
        let epoch: Int
        let epochPercent: Double
        let step: Int
        let lr: Double
        let trainLoss0: Double
        let trainTop10: Double
        let evalLoss1: Double?
        let evalTop11: Double?
        let device: String
    }

    private let folder: TemporaryFolder
    /// The reference computes the same bits each time, whatever the number of threads.
    private static let device = ["--device", "reference"]
    private static let files = [
        "checkpoint.safetensors", "curve.html", "log.jsonl", "model.json", "recipe.json",
        "weights.safetensors",
    ]

    init() throws {
        folder = try TemporaryFolder()
        _ = try folder.file("model.json", Self.model())
    }

    /// A cascade of two exits for images of 32 pixels.
    private static func model(classes: Int = 10) -> String {
        """
        {"name": "small", "image_size": 32, "classes": \(classes), "feature_reuse": true,
         "relation_reuse": true,
         "stages": [{"patch": 16, "width": 32, "depth": 1, "heads": 2},
                    {"patch": 8, "width": 32, "depth": 1, "heads": 2}]}
        """
    }

    private func path(_ name: String) -> String { "\(folder.path)/\(name)" }

    private func contents(_ name: String) -> Data? {
        FileManager.default.contents(atPath: path(name))
    }

    private func text(_ name: String) throws -> String {
        String(decoding: try #require(contents(name)), as: UTF8.self)
    }

    /// Images in ten classes: 50 for training and 10 for validation.
    private func makeSet() async throws {
        let drawn = try await dvt(
            "synthesize", path("set"), "--count", "60", "--size", "32", needsKernels: false)
        #expect(drawn.code == 0, "\(drawn.errors)")
    }

    /// The arguments of a run of some epochs, each of three batches.
    private func arguments(_ run: String, epochs: Int = 2) -> [String] {
        ["train", path("set"), "--split", "train", "--output", path(run)] + Self.device
            + ["--epochs", "\(epochs)", "--batch-size", "16", "--model", path("model.json")]
    }

    /// The arguments that resume the run.
    private func resuming(_ run: String) -> [String] {
        ["train", path("set"), "--split", "train", "--output", path(run), "--resume"] + Self.device
    }

    private func train(_ arguments: [String]) async throws -> ProgramOutput {
        try await dvt(arguments, needsKernels: false)
    }

    private func expectOneLine(
        _ run: ProgramOutput, _ text: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(run.code == 1 && run.output.isEmpty, sourceLocation: sourceLocation)
        let reported = run.errorLines.filter { !$0.hasPrefix("device: ") }
        #expect(
            reported.count == 1 && run.errors.contains(text), "\(run.errors)",
            sourceLocation: sourceLocation)
    }

    @Test func epochsAreRecordedAndFilesWritten() async throws {
        try await makeSet()
        let run = try await train(
            arguments("run") + ["--validation-split", "val", "--format", "json"])
        #expect(run.code == 0, "\(run.errors)")
        let rows = try json(run.output, as: Row.self)
        #expect(rows.map(\.epoch) == [0, 1] && rows.map(\.step) == [3, 6])
        for row in rows {
            // Random guesses among ten classes have a loss of log 10 = 2.3.
            #expect((1.5...4).contains(row.trainLoss0) && (1.5...4).contains(row.evalLoss1 ?? 0))
            #expect((0...100).contains(row.trainTop10) && (0...100).contains(row.evalTop11 ?? -1))
            #expect(row.lr > 0 && row.device.hasPrefix("reference") && row.epochPercent == 100)
        }
        let files = try FileManager.default.contentsOfDirectory(atPath: path("run"))
        #expect(files.sorted() == Self.files)
        #expect(try text("run/log.jsonl").split(separator: "\n").count == 2)
        #expect(try text("run/recipe.json").contains("\"batch_size\": 16"))
        for said in ["on 50 images in batches of 16, evaluated on 10", "trained: "] {
            #expect(run.errors.contains(said), "\(run.errors)")
        }
    }

    @Test func tablesCountEpochsFromOne() async throws {
        try await makeSet()
        let run = try await train(arguments("run") + ["--hold-out-every", "5"])
        #expect(run.code == 0, "\(run.errors)")
        let rows = try table(run.output)
        #expect(rows.count == 3 && rows.map(\.first) == ["Epoch", "1", "2"])
        #expect(rows[0].contains("Loss 1") && rows[0].contains("Eval top-1 2"))
        #expect(run.errors.contains("on 40 images in batches of 16, evaluated on 10"))
        // Without validation images nothing is measured.
        let plain = try await train(arguments("plain", epochs: 1))
        #expect(try table(plain.output)[0].contains { $0.hasPrefix("Eval") } == false)
    }

    /// A time limit that the first of an epoch's three batches exceeds.
    @Test func partsOfEpochsAreMarked() async throws {
        try await makeSet()
        let run = try await train(arguments("run") + ["--max-hours", "1e-9", "--format", "json"])
        #expect(run.code == 0, "\(run.errors)")
        let rows = try json(run.output, as: Row.self)
        #expect(rows.count == 1 && rows.map(\.step) == [1])
        #expect(abs(rows[0].epochPercent - 100 / 3.0) < 1e-9)
        #expect(run.errors.contains("ended within epoch 1, after 33.3 % of its batches"))
        #expect(try text("run/curve.html").contains("ended after 33.3 % of its batches"))
        #expect(try text("run/log.jsonl").contains("\"epoch_percent\":33.3"))
    }

    @Test func weightsRunInOtherCommands() async throws {
        try await makeSet()
        #expect(try await train(arguments("run", epochs: 1)).code == 0)
        let weights = ["--weights", path("run/weights.safetensors")] + Self.device
        let classified = try await dvt(
            ["classify", "--format", "json", path("set/val")] + weights, needsKernels: false)
        #expect(classified.code == 0, "\(classified.errors)")
        let rows = try json(classified.output, as: ClassifyRow.self)
        // The set's own names of classes are on the card.
        #expect(rows.count == 10 && rows.allSatisfy { $0.label != nil })
        // The images that --hold-out-every 5 holds out.
        let evaluated = try await dvt(
            ["evaluate", path("set"), "--split", "train", "--every-nth", "5"] + weights,
            needsKernels: false)
        #expect(evaluated.code == 0 && evaluated.errors.contains("10 images"))
        let run = try await dvt(
            ["classify", "--weights", path("run/checkpoint.safetensors"), path("set/val")]
                + Self.device, needsKernels: false)
        #expect(run.code == 0, "\(run.errors)")
    }

    /// A run that is interrupted or killed at any moment and resumed gives the same weights.
    @Test(arguments: ["INT", "KILL"])
    func anInterruptedRunResumes(signal: String) async throws {
        try await makeSet()
        let extra = ["--validation-split", "val"]
        #expect(try await train(arguments("whole", epochs: 8) + extra).code == 0)
        // Bash ignores SIGINT in background jobs unless job control is enabled.
        let cut = try await shell(
            """
            set -m
            "$DVT" "${@:3}" > "$1/out" 2> "$1/errors" &
            until [[ $(grep -cs . "$1/cut/log.jsonl") -ge 2 ]] || ! kill -0 $! 2> /dev/null; do
                sleep 0.01
            done
            kill -$2 $! 2> /dev/null
            wait $! 2> /dev/null
            echo $?
            """, [folder.path, signal] + arguments("cut", epochs: 8) + extra)
        // 0: it ended before the signal, and there is nothing to resume.
        let code = cut.output.trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(["0", signal == "INT" ? "130" : "137"].contains(code), "\(cut.errors)")
        if code == "130" {
            #expect(try text("errors").contains("interrupted: continue with --resume"))
            #expect(try text("cut/curve.html").contains("continue it with --resume"))
        }
        let resumed = try await train(resuming("cut") + extra)
        #expect(resumed.code == 0, "\(resumed.errors)")
        for file in ["weights.safetensors", "model.json", "recipe.json"] {
            #expect(contents("cut/\(file)") == contents("whole/\(file)"), "\(file)")
        }
        func results(_ run: String) throws -> [[Double]] {
            try jsonLines(try text("\(run)/log.jsonl"), as: LogLine.self).map {
                [Double($0.step)] + $0.trainLoss + $0.evalTop1
            }
        }
        #expect(try results("cut") == results("whole") && results("cut").count == 8)
    }

    private struct LogLine: Decodable {
        let step: Int
        let trainLoss: [Double]
        let evalTop1: [Double]
    }

    @Test func theCurveShowsAllEpochs() async throws {
        try await makeSet()
        let extra = ["--validation-split", "val"]
        #expect(try await train(arguments("run") + extra).code == 0)
        let longer = try await train(resuming("run") + extra + ["--epochs", "3"])
        #expect(longer.code == 0 && longer.errors.contains("from epoch 3"), "\(longer.errors)")
        let source = try text("run/curve.html")
        let page = Document(source)
        #expect(
            page.isWellFormed && page.text.contains("Epoch 3 of 3 completed. The run is complete."))
        // Loss, accuracy and learning rate; the first two have a legend entry per exit.
        #expect(page.count("svg", class: "plot") == 3)
        #expect(page.count("path", class: "line") == 2 * 2 * 2 + 1)
        #expect(page.count("tr") == 1 + 2)
        for name in ["script", "link", "iframe", "object"] { #expect(page.count(name) == 0) }
        // It reloads itself only while the run continues.
        #expect(!source.contains("refresh"))
    }

    @Test func aRunIsNotOverwritten() async throws {
        try await makeSet()
        #expect(try await train(arguments("run", epochs: 1)).code == 0)
        let before = contents("run/checkpoint.safetensors")
        expectOneLine(
            try await train(arguments("run")), "already contains a run; resume it with --resume")
        #expect(contents("run/checkpoint.safetensors") == before)
        expectOneLine(
            try await train(resuming("none")), "contains no checkpoint.safetensors to resume from")
        #expect(!FileManager.default.fileExists(atPath: path("none")))
        try FileManager.default.copyItem(
            atPath: path("run/weights.safetensors"), toPath: path("weights.safetensors"))
        try folder.copy(path("weights.safetensors"), as: "other/checkpoint.safetensors")
        expectOneLine(
            try await train(resuming("other")), "it holds weights, but no position of a run")
    }

    @Test func aRunResumesOnlyWithItsOwnImages() async throws {
        try await makeSet()
        let held = ["--hold-out-every", "5"]
        #expect(try await train(arguments("run") + held).code == 0)
        let longer = resuming("run") + ["--epochs", "3"]
        expectOneLine(
            try await train(longer), "an epoch of the run has 2 batches, but these images give 3")
        #expect(try await train(longer + held).code == 0)
    }

    @Test func invalidInputsAreReportedFirst() async throws {
        try await makeSet()
        _ = try folder.file("set/labels.csv", "path,label\ntrain/a.png,10\n")
        var wrong = arguments("run")
        wrong[1] = path("set/labels.csv")
        wrong.removeSubrange(2..<4)
        expectOneLine(try await train(wrong), "a.png: is of class 10 (from 0)")
        expectOneLine(
            try await train(arguments("run") + ["--batch-size", "64"]), "50 images")
        expectOneLine(
            try await train(arguments("run") + ["--recipe", path("set/labels.csv")]), "labels.csv")
        #expect(!FileManager.default.fileExists(atPath: path("run")))
        expectOneLine(try await train(arguments("none/run")), "none/run: cannot be created")
        // A file in place of the folder.
        expectOneLine(
            try await train(arguments("model.json")), "model.json: cannot be created (File exists)")
    }

    /// The classes are those of the data, and a head for others is made anew, also for as many.
    @Test func otherWeightsAreAdapted() async throws {
        try await makeSet()
        #expect(try await train(arguments("run", epochs: 1)).code == 0)
        let start = ["--init", path("run/weights.safetensors")]
        let same = try await train(Array(arguments("same", epochs: 1).dropLast(2)) + start)
        #expect(same.code == 0 && !same.errors.contains("init: "), "\(same.errors)")
        try FileManager.default.moveItem(
            atPath: path("set/train/fish"), toPath: path("set/train/a trout"))
        let run = try await train(Array(arguments("other", epochs: 1).dropLast(2)) + start)
        #expect(run.code == 0, "\(run.errors)")
        let adapted = run.errorLines.filter { $0.hasPrefix("init: ") }
        #expect(adapted.count == 4 && adapted.allSatisfy { $0.contains("head") }, "\(run.errors)")
        #expect(run.errors.contains("trains 10 classes: a trout, "))
    }

    /// A description's own weights, whose positions are for images of 224 pixels.
    @Test func theWeightsOfStagesAreAStart() async throws {
        try await makeSet()
        for (stage, patch) in [16, 8].enumerated() {
            try SafetensorsWriter.write(
                Weights.plain(width: 32, depth: 1, patch: patch),
                to: path("stage\(stage).safetensors"))
        }
        let pair = try folder.file(
            "model.json",
            """
            {"name": "pair", "image_size": 32, "stages": [
              {"patch": 16, "width": 32, "depth": 1, "heads": 1, "weights": "stage0.safetensors"},
              {"patch": 8, "width": 32, "depth": 1, "heads": 1, "weights": "stage1.safetensors"}]}
            """)
        #expect(pair == path("model.json"))
        let run = try await train(arguments("run", epochs: 1))
        #expect(run.code == 0, "\(run.errors)")
        let adapted = run.errorLines.filter { $0.hasPrefix("init: ") }
        #expect(adapted.count == 2 && adapted.allSatisfy { $0.contains("pos_embed") })
    }

    /// Class folders `names`, each with the same drawings.
    private func makeFolders(_ names: [String]) throws {
        for name in names {
            for number in 1...4 {
                try folder.copy(Fixtures.photo(number), as: "own/\(name)/\(number).jpg")
            }
        }
    }

    private func trainOwn(_ run: String, _ model: String) async throws -> ProgramOutput {
        try await train(
            ["train", path("own"), "--output", path(run), "--model", model, "--epochs", "1"]
                + ["--batch-size", "8"] + Self.device)
    }

    @Test func classesAreThoseOfTheData() async throws {
        try makeFolders(["b", "a", "c"])
        expectOneLine(
            try await trainOwn("run", path("model.json")),
            "model.json: has 10 classes without names; \(path("own")) has 3 classes: a, b, c; make")
        let open = try folder.file(
            "open.json", Self.model().replacing("\"classes\": 10,", with: ""))
        let run = try await trainOwn("open", open)
        #expect(run.code == 0 && run.errors.contains("trains 3 classes: a, b, c"), "\(run.errors)")
        #expect(try text("open/model.json").contains(#""labels":["a","b","c"]"#))
        // The order of the model's own names, and other names.
        func named(_ names: String) throws -> String {
            try folder.file(
                "named.json",
                Self.model(classes: 3).replacing(
                    "{\"name\"", with: "{\"labels\": \(names), \"name\""))
        }
        let ordered = try await trainOwn("ordered", named(#"["c", "A", "b"]"#))
        #expect(ordered.errors.contains("trains 3 classes: c, A, b"), "\(ordered.errors)")
        expectOneLine(
            try await trainOwn("other", named(#"["c", "a", "d"]"#)),
            "named.json: has 3 classes: c, a, d; \(path("own")) has 3 classes: a, b, c; make")
    }

    /// Classes with numbers as names are in the order of the numbers.
    @Test func numberedFoldersAreInOrder() async throws {
        try makeFolders(["10", "2", "1"])
        let open = try folder.file(
            "open.json", Self.model().replacing("\"classes\": 10,", with: ""))
        let run = try await trainOwn("run", open)
        #expect(run.errors.contains("trains 3 classes: 1, 2, 10"), "\(run.errors)")
    }

    @Test func theShippedModelIsAStart() async throws {
        try makeFolders(["left", "right"])
        let run = try await train(
            ["train", path("own"), "--output", path("run"), "--init", "dvt-cifar10"]
                + ["--epochs", "1", "--batch-size", "8", "--augmentation", "none"] + Self.device)
        #expect(run.code == 0 && run.errors.contains("trains 2 classes: left, right"))
        let fresh = run.errorLines.filter { $0.hasPrefix("init: ") }
        #expect(fresh.count == 4 && fresh.allSatisfy { $0.contains("head") }, "\(run.errors)")
        #expect(try !text("run/model.json").contains("thresholds"))
    }

    @Test func nonFiniteLossesEndTheRun() async throws {
        try await makeSet()
        let recipe = try folder.file("recipe.json", #"{"clip_grad": 0, "warmup": 0}"#)
        let run = try await train(
            arguments("run", epochs: 40)
                + [
                    "--recipe", recipe, "--lr", "9.9", "--weight-decay", "10", "--augmentation",
                    "none",
                ])
        #expect(run.code == 1)
        let error = run.errorLines.last ?? ""
        for part in [" at step ", "run/checkpoint.safetensors is the last good checkpoint"] {
            #expect(error.contains(part), "\(run.errors)")
        }
        #expect(try text("run/curve.html").contains("The run ended with an error"))
    }
}

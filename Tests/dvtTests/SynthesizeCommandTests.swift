import DVTVision
import Foundation
import Testing

/// `dvt synthesize`: files, resumption and errors.
@Suite(.needsProgram, .timeLimit(.minutes(10)))
struct SynthesizeCommandTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func synthesize(_ name: String, _ arguments: String...) async throws -> ProgramOutput {
        try await dvt(
            ["synthesize", "\(folder.path)/\(name)", "--size", "16"] + arguments,
            needsKernels: false)
    }

    /// The files below a folder, by their paths in it.
    private func files(_ name: String) throws -> [String: Data] {
        let root = "\(folder.path)/\(name)"
        var files: [String: Data] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: root) {
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: "\(root)/\(path)", isDirectory: &isFolder)
            guard !isFolder.boolValue else { continue }
            files[path] = try Data(contentsOf: URL(fileURLWithPath: "\(root)/\(path)"))
        }
        return files
    }

    /// The rows of `labels.csv` below its first.
    private func labels(_ name: String) throws -> [[String]] {
        let lines = String(decoding: try #require(try files(name)["labels.csv"]), as: UTF8.self)
            .split(separator: "\n").map { $0.split(separator: ",").map(String.init) }
        #expect(lines.first == ["path", "label", "difficulty"])
        return Array(lines.dropFirst())
    }

    @Test func foldersMatchTheirLabels() async throws {
        let run = try await synthesize(
            "set", "--count", "105", "--seed", "9", "--difficulty", "0.3-0.9")
        #expect(run.code == 0 && run.output.isEmpty)
        #expect(
            run.errors.hasSuffix(
                """
                /set: 85 images for training and 20 for validation, 16 x 16 pixels, \
                difficulty 0.3-0.9, seed 9

                """))
        let scenes = SyntheticScenes(seed: 9, size: 16, difficulty: 0.3...0.9)
        let names = try ClassLabels(path: "\(folder.path)/set/classes.txt")
        #expect(names == SyntheticScenes.labels)
        let rows = try labels("set")
        #expect(rows.count == 105)
        for (index, row) in rows.enumerated() {
            let image = scenes.image(index)
            let path = "\(folder.path)/set/\(row[0])"
            #expect(try ImageDecoder.decode(path: path, applyingOrientation: true) == image.image)
            #expect(row[1] == names[image.label] && Double(row[2]) == image.difficulty)
            let number = String(repeating: "0", count: 4 - "\(index / 10 + 1)".count)
            #expect(row[0].hasSuffix("/\(row[1])/0\(number)\(index / 10 + 1).png"))
        }
        let images = try files("set").keys.filter { $0.hasSuffix(".png") }
        #expect(Set(images) == Set(rows.map { $0[0] }))
        for name in names.names {
            #expect(rows.count { $0[0].hasPrefix("val/\(name)/") } == 2)
            #expect((8...9).contains(rows.count { $0[0].hasPrefix("train/\(name)/") }))
        }
    }

    @Test(arguments: [("0", 0), ("0.5", 30), ("0.1", 10), ("0.99", 60)])
    func wholeRoundsAreHeldOut(share: String, count: Int) async throws {
        let run = try await synthesize("set", "--count", "60", "--validation-share", share)
        #expect(run.code == 0)
        #expect(try labels("set").count { $0[0].hasPrefix("val/") } == count)
    }

    /// The set does not depend on the number of threads or on how it grew.
    @Test(arguments: ["folder", "cifar"])
    func aLargerSetBeginsWithTheSmaller(layout: String) async throws {
        let options = ["--layout", layout, "--size", "32"]
        func synthesize(_ name: String, _ more: String...) async throws -> ProgramOutput {
            try await dvt(
                ["synthesize", "\(folder.path)/\(name)"] + options + more, needsKernels: false)
        }
        _ = try await synthesize("grown", "--count", "47", "--threads", "1")
        let first = try files("grown")
        let run = try await synthesize("grown", "--count", "230", "--threads", "2")
        #expect(run.code == 0)
        #expect(run.errors.contains("; 47 already existed\n") == (layout == "folder"))
        _ = try await synthesize("whole", "--count", "230", "--threads", "3")
        let (grown, whole) = (try files("grown"), try files("whole"))
        #expect(grown == whole)
        let grows = ["labels.csv", "synthesis.json"]
        for (name, bytes) in first where !grows.contains(name) {
            #expect(grown[name]?.starts(with: bytes) == true, "\(name)")
        }
    }

    @Test func cifarHasItsRecords() async throws {
        let run = try await synthesize(
            "set", "--count", "25", "--layout", "cifar", "--size", "32", "--validation-share",
            "0.34")
        #expect(run.code == 0, "\(run.errors)")
        let set = try files("set")
        #expect(
            set.keys.sorted() == [
                "batches.meta.txt", "data_batch_1.bin", "labels.csv", "synthesis.json",
                "test_batch.bin",
            ])
        #expect(
            try ClassLabels(path: "\(folder.path)/set/batches.meta.txt") == SyntheticScenes.labels)
        let scenes = SyntheticScenes(seed: 1)
        for (index, row) in try labels("set").enumerated() {
            let place = row[0].split(separator: "#")
            let record = try #require(Int(place[1]))
            let bytes = try #require(set[String(place[0])])
            let image = scenes.image(index)
            let planes = (0..<3).flatMap { plane in
                (0..<1024).map { image.image.pixels[$0 * 3 + plane] }
            }
            let start = record * 3073
            #expect(Array(bytes[start..<start + 3073]) == [UInt8(image.label)] + planes)
        }
        #expect(set["data_batch_1.bin"]?.count == 15 * 3073)
        #expect(set["test_batch.bin"]?.count == 10 * 3073)
    }

    /// After a power cut a file may be missing or empty.
    @Test func missingImagesAreRedrawn() async throws {
        _ = try await synthesize("set", "--count", "40")
        let before = try files("set")
        let root = "\(folder.path)/set"
        try FileManager.default.removeItem(atPath: "\(root)/train/car/00002.png")
        try FileManager.default.removeItem(atPath: "\(root)/labels.csv")
        try Data().write(to: URL(fileURLWithPath: "\(root)/train/key/00001.png"))
        let run = try await synthesize("set", "--count", "40")
        #expect(run.code == 0 && run.errors.contains("; 38 already existed\n"))
        #expect(try files("set") == before)
    }

    @Test(arguments: ["folder", "cifar"])
    func interruptedRunsResume(layout: String) async throws {
        let options = ["--count", "3000", "--layout", layout, "--size", "32"]
        let path = "\(folder.path)/set"
        let start = try ProgramRun(["synthesize", path] + options).start()
        while start.isRunning, !FileManager.default.fileExists(atPath: "\(path)/synthesis.json") {
            try await Task.sleep(for: .milliseconds(1))
        }
        start.interrupt()
        let ended = try await start.end()
        // If it ended before the signal, the set is complete.
        #expect([0, 130].contains(ended.code), "\(ended.errors)")
        #expect(ended.code == 0 || ended.errors.contains("interrupted; run the same command"))
        let there = try files("set")
        #expect(!there.keys.contains { $0.hasSuffix(".tmp") })
        #expect((there["labels.csv"] != nil) == (ended.code == 0))
        let run = try await dvt(["synthesize", path] + options, needsKernels: false)
        #expect(run.code == 0)
        let whole = try files("set")
        for (name, bytes) in there where name != "synthesis.json" {
            #expect(whole[name] == bytes)
        }
        #expect(try labels("set").count == 3000)
    }

    @Test func otherFoldersAreUntouched() async throws {
        _ = try await synthesize("set", "--count", "20")
        try folder.copy(Fixtures.png, as: "mine/image.png")
        _ = try folder.file("odd/synthesis.json", "[]")
        let before = try files("set")
        let cases: [(name: String, arguments: [String], error: String)] = [
            ("set", ["--seed", "2"], "/set: contains images generated with --seed 1, not 2; use"),
            (
                "set", ["--size", "32"],
                "/set: contains images generated with --size 16, not 32; use"
            ),
            ("set", ["--difficulty", "0-0.5"], "--difficulty [0.0,1.0], not [0.0,0.5]; use"),
            ("set", ["--count", "10"], "/set: was created with --count 20, more than 10; use"),
            ("mine", [], "/mine: contains files that dvt synthesize did not write; choose"),
            ("odd", [], "/odd/synthesis.json: has no valid settings of the data set beside it"),
            ("set/labels.csv", [], "/set/labels.csv: cannot be created (File exists); check"),
            (
                "set/labels.csv/x", [],
                "/set/labels.csv/x: cannot be created (Not a directory); check"
            ),
        ]
        for (name, arguments, error) in cases {
            let run = try await dvt(
                ["synthesize", "\(folder.path)/\(name)", "--size", "16", "--count", "20"]
                    + arguments, needsKernels: false)
            #expect(run.code == 1 && run.output.isEmpty)
            #expect(run.errorLines.count == 1 && run.errors.contains(error), "\(run.errors)")
        }
        #expect(try files("set") == before)
        #expect(try files("mine").count == 1)
    }

    /// An image that cannot be written ends the run with one line.
    @Test func unwritablePathsAreNamed() async throws {
        let blocked = "set/train/ball/00001.png"
        try folder.copy(Fixtures.png, as: "\(blocked)/image.png")
        let settings =
            #"{"generator":1,"seed":1,"size":16,"difficulty":[0.0,1.0],"validation_share":0.2,"#
            + #""layout":"folder","count":20}"#
        _ = try folder.file("set/synthesis.json", settings)
        let run = try await synthesize("set", "--count", "20")
        #expect(run.code == 1 && run.errorLines.count == 1)
        #expect(run.errors.contains("/\(blocked): is not a regular file"), "\(run.errors)")
        #expect(try files("set")["labels.csv"] == nil)
    }
}

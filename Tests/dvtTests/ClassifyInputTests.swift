import Foundation
import Testing

/// Files, folders, standard input, and unreadable images.
@Suite(.needsProgram, .needsDevice, .timeLimit(.minutes(10)))
struct ClassifyInputTests {
    /// Names that are difficult for a shell, a table or a list of paths.
    static let names = ["two words.jpg", "line\nfeed.jpg", "Grüße 猫🐈.jpg", "a,\"b\".jpg"]

    @Test func foldersAreSearchedRecursively() async throws {
        let folder = try TemporaryFolder()
        let files = try ["a.jpg", "b/c/d.JPEG", "b/e.jpg"].map {
            try folder.copy(Fixtures.photo(1), as: $0)
        }
        _ = try folder.file("b/notes.txt", "no image")
        let run = try await classify("--format", "json", folder.path)
        #expect(run.code == 0)
        #expect(try json(run.output, as: ClassifyRow.self).map(\.file) == files)
    }

    @Test func standardInputNamesImages() async throws {
        let list = Fixtures.photo(2) + "\n\n" + Fixtures.photo(3) + "\n"
        let run = try await classify("--format", "json", "-", input: list)
        #expect(run.code == 0)
        let files = try json(run.output, as: ClassifyRow.self).map(\.file)
        #expect(files == [Fixtures.photo(2), Fixtures.photo(3)])
    }

    /// NUL is the only separator that no name holds.
    @Test(arguments: ["classify", "embed", "explain"])
    func standardInputMayBeSeparatedByNull(command: String) async throws {
        let folder = try TemporaryFolder()
        let files = try ["a.jpg", "b\nc.jpg", "d\te.jpg"].map {
            try folder.copy(Fixtures.photo(1), as: $0)
        }
        let run = try await dvt(
            [
                command, "--model", "tiny-deit", "--weights", "synthetic:50", "--format", "jsonl",
                "-",
            ],
            input: files.map { $0 + "\0" }.joined())
        #expect(run.code == 0, "\(run.errors)")
        let found = try jsonLines(run.output, as: FileRow.self).map(\.file)
        #expect(Set(found) == Set(files) && found.first == files[0])
    }

    private struct FileRow: Decodable {
        let file: String
        let error: String?
    }

    @Test func controlCharactersInLinesAreErrors() async throws {
        let run = try await classify(
            "--format", "jsonl", "-", input: "a\tb.jpg\n\(Fixtures.photo(1))\r\n")
        #expect(run.code == 1 && run.lines.count == 1)
        #expect(run.errors.contains("standard input: line 1 has the control character 0x09"))
    }

    /// Each input has one record per image, in order, or its error.
    @Test(arguments: ["classify", "embed", "explain"])
    func errorsMayBeRecorded(command: String) async throws {
        let folder = try TemporaryFolder()
        let good = try folder.copy(Fixtures.photo(1), as: "set/b.jpg")
        let broken = try folder.file("set/a.jpg", "not an image")
        let arguments =
            [command, "--model", "tiny-deit", "--weights", "synthetic:50", "--format", "jsonl"]
            + ["/nowhere", folder.path + "/set", Fixtures.photo(2)]
        let run = try await dvt(arguments + ["--on-error", "record"])
        #expect(run.code == 1)
        var rows = try jsonLines(run.output, as: FileRow.self)
        if command == "explain" { rows = rows.filter { $0.error != nil } + rows.suffix(1) }
        let all = ["/nowhere", broken, good, Fixtures.photo(2)]
        #expect(rows.map(\.file) == (command == "explain" ? [all[0], all[1], all[3]] : all))
        #expect(rows[0].error?.hasPrefix("/nowhere: cannot be opened") == true)
        #expect(rows[1].error?.contains("so it is not JPEG, PNG, WebP, GIF or BMP") == true)
        #expect(rows.dropFirst(2).allSatisfy { $0.error == nil })
        let stopped = try await dvt(arguments + ["--on-error", "stop"])
        #expect(stopped.code == 1 && stopped.output.isEmpty)
        #expect(stopped.errorLines.count { $0.hasPrefix("error: ") } == 1)
        let skipped = try await dvt(arguments)
        #expect(!skipped.output.contains("error") && skipped.output.contains(good))
    }

    /// People see what is missing, and programs get an error, unless they ask for the other.
    @Test func filesThatEndEarlyFollowTheRule() async throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/cut.jpg"
        let photo = try Data(contentsOf: URL(fileURLWithPath: Fixtures.photo(1)))
        try photo.prefix(photo.count / 2).write(to: URL(fileURLWithPath: path))
        let model = ["--model", "tiny-deit", "--weights", "synthetic:50", "--format", "jsonl"]
        let warning =
            "warning: \(path): ends early; one color takes the place of the missing pixels"
        for (command, usesIt) in [("classify", true), ("explain", true), ("embed", false)] {
            let run = try await dvt([command] + model + [path])
            #expect(run.code == (usesIt ? 0 : 1), "\(run.errors)")
            #expect(run.lines.isEmpty != usesIt)
            #expect(run.errorLines.contains(warning) == usesIt)
            #expect(run.errors.contains("before the image is complete") != usesIt)
            let other = try await dvt(
                [command] + model + ["--truncated", usesIt ? "refuse" : "use", path])
            #expect(other.code == (usesIt ? 1 : 0), "\(other.errors)")
            #expect(other.errorLines.contains(warning) != usesIt)
        }
    }

    /// A name that is not UTF-8 does not hide the other files, and the first bytes decide.
    @Test func foldersAreReadAsFarAsPossible() async throws {
        let run = try await shell(
            """
            mkdir -p "$2/deep" && cd "$2"
            cp "$1" photo.JFIF && cp "$1" deep/none && cp "$1" ._a.jpg && cp "$1" .b.jpg
            cp "$1" $'deep/\\xff.jpg' && echo x > a.psd && echo x > b.PSD && echo x > deep/c.heic
            "$DVT" classify --model tiny-deit --weights synthetic:50 --format csv .
            """, Fixtures.photo(1), try TemporaryFolder().path + "/set")
        #expect(run.code == 1)
        #expect(try csv(run.output).map { $0["file"] } == ["./deep/none", "./photo.JFIF"])
        let skipped =
            "skipped files that are not JPEG, PNG, WebP, GIF or BMP: 2 .psd, 1 .heic, "
            + "1 AppleDouble (._*), 1 hidden"
        #expect(run.errorLines.contains(skipped), "\(run.errors)")
        #expect(run.errorLines.contains { $0.contains("has a name that is not UTF-8") })
        #expect(run.errorLines.last?.hasSuffix("; 1 could not be read") == true)
    }

    /// A caller that names images one by one receives each result before naming the next: the
    /// second line is written only after the first result.
    @Test func standardInputIsAnsweredAtOnce() async throws {
        let folder = try TemporaryFolder()
        let run = try await shell(
            """
            {
                echo "$1"
                for i in {1..600}; do
                    if [ -s "$3" ]; then echo "$2"; break; fi
                    sleep 0.1
                done
            } | "$DVT" classify --model tiny-deit --weights synthetic:50 --threshold 2 \
                --batch-size 4 --format jsonl - > "$3"
            cat "$3"
            """, Fixtures.photo(1), Fixtures.photo(2), folder.path + "/output")
        #expect(
            try jsonLines(run.output, as: ClassifyRow.self).map(\.file)
                == [Fixtures.photo(1), Fixtures.photo(2)])
    }

    /// The stream finishes images out of order; their records are in order.
    @Test(arguments: [1, 3, 5])
    func recordsFollowTheOrderOfTheFiles(batch: Int) async throws {
        let photos = (1...12).flatMap { [Fixtures.photo($0), Fixtures.photo(13 - $0)] }
        let arguments = ["--format", "json", "--batch-size"]
        let one = try await classify(arguments + ["24"] + photos)
        let many = try await classify(arguments + ["\(batch)"] + photos)
        let expected = try json(one.output, as: ClassifyRow.self)
        let rows = try json(many.output, as: ClassifyRow.self)
        #expect(rows.map(\.file) == photos && expected.map(\.file) == photos)
        #expect(rows.map(\.exit) == expected.map(\.exit))
        #expect(rows.map(\.class) == expected.map(\.class))
        #expect(Set(rows.map(\.exit)).count > 1)
        #expect(many.errorLines.last == one.errorLines.last)
    }

    /// An image that waits alone at its stage delays a limited number of records.
    @Test func oneLateImageDelaysFewRecords() async throws {
        let photos = [Fixtures.photo(3)] + Array(repeating: Fixtures.photo(1), count: 63)
        let run = try await classify(
            ["-v", "--batch-size", "2", "--threshold", "0.3", "--format", "json"] + photos)
        let exits = try json(run.output, as: ClassifyRow.self).map(\.exit)
        #expect(exits.first != 0)
        #expect(exits.dropFirst().allSatisfy { $0 == 0 })
        let batches = run.errorLines.filter { $0.contains("batch: rows per stage ") }
        let late = batches.indices.filter { !batches[$0].contains("stage 2, 0, 0; ") }
        #expect(batches.count == 33 && late == [16], "\(batches)")
    }

    @Test func filesFoldersAndStandardInputMix() async throws {
        let folder = try TemporaryFolder()
        let inside = try folder.copy(Fixtures.png, as: "inside.png")
        let run = try await classify(
            "--format", "json", Fixtures.photo(5), "-", folder.path, input: Fixtures.photo(4))
        let files = try json(run.output, as: ClassifyRow.self).map(\.file)
        #expect(files == [Fixtures.photo(5), Fixtures.photo(4), inside])
    }

    @Test(arguments: names)
    func namesArePreserved(name: String) async throws {
        let folder = try TemporaryFolder()
        let file = try folder.copy(Fixtures.photo(1), as: name)
        let run = try await classify("--format", "json", file)
        #expect(run.code == 0)
        #expect(try json(run.output, as: ClassifyRow.self).map(\.file) == [file])
        let lines = try await classify("--format", "jsonl", folder.path)
        #expect(lines.lines.count == 1)
    }

    @Test func tablesHaveOneLinePerImage() async throws {
        let folder = try TemporaryFolder()
        for name in Self.names {
            try folder.copy(Fixtures.photo(1), as: name)
        }
        let run = try await classify(folder.path)
        #expect(run.lines.count == 2 + Self.names.count)
    }

    @Test func brokenFilesDoNotStopTheRest() async throws {
        let folder = try TemporaryFolder()
        let good = try folder.copy(Fixtures.photo(1), as: "a.jpg")
        let broken = try folder.file("b.jpg", "not an image")
        let last = try folder.copy(Fixtures.photo(2), as: "c.jpg")
        let run = try await classify("--format", "json", folder.path)
        #expect(run.code == 1)
        #expect(try json(run.output, as: ClassifyRow.self).map(\.file) == [good, last])
        let errors = run.errorLines.filter { $0.hasPrefix("error: ") }
        #expect(errors.count == 1)
        #expect(errors.first?.contains(broken) == true)
        #expect(run.errorLines.last?.hasSuffix("; 1 could not be read") == true)
    }

    @Test func errorsEscapeNamesOfFiles() async throws {
        let folder = try TemporaryFolder()
        _ = try folder.file("line\nfeed.jpg", "not an image")
        let run = try await classify("--format", "csv", folder.path, Fixtures.photo(1))
        #expect(run.code == 1)
        let errors = run.errorLines.filter { $0.hasPrefix("error: ") }
        #expect(errors.count == 1)
        #expect(errors.first?.contains("line\\nfeed.jpg") == true, "\(errors)")
        #expect(errors.first?.contains("so it is not JPEG, PNG, WebP, GIF or BMP") == true)
    }

    @Test func missingPathsAreReported() async throws {
        let run = try await classify("--format", "json", "/nowhere/x.jpg", Fixtures.photo(1))
        #expect(run.code == 1)
        #expect(try json(run.output, as: ClassifyRow.self).count == 1)
        #expect(run.errorLines.contains { $0.hasPrefix("error: /nowhere/x.jpg: cannot be opened") })
    }

    @Test(arguments: [("json", "[]\n"), ("jsonl", "")])
    func emptyFoldersGiveEmptyOutput(format: String, output: String) async throws {
        let folder = try TemporaryFolder()
        let run = try await classify("--format", format, folder.path)
        #expect(run.code == 1)
        #expect(run.output == output)
        #expect(run.errorLines.contains { $0.contains("\(folder.path): contains no JPEG") })
    }

    @Test func anEmptyListIsNoError() async throws {
        let run = try await classify("--format", "json", "-", input: "")
        #expect(run.code == 0)
        #expect(run.output == "[]\n")
        #expect(run.errorLines.last == "0 images")
    }
}

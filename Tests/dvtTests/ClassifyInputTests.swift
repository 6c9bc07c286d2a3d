import Testing

/// The ways of naming images, and images that cannot be read.
@Suite(.needsProgram, .needsDevice, .timeLimit(.minutes(10)))
struct ClassifyInputTests {
    /// Names that a shell, a table or a list of paths could stumble over.
    static let names = ["two words.jpg", "line\nfeed.jpg", "Grüße 猫🐈.jpg", "a,\"b\".jpg"]

    @Test func foldersAreSearchedDeeply() async throws {
        let folder = try TemporaryFolder()
        let files = try ["a.jpg", "b/c/d.JPEG", "b/e.jpg"].map {
            try folder.copy(Fixtures.photo(1), as: $0)
        }
        _ = try folder.file("b/notes.txt", "no picture")
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

    @Test func filesFoldersAndInputMix() async throws {
        let folder = try TemporaryFolder()
        let inside = try folder.copy(Fixtures.png, as: "inside.png")
        let run = try await classify(
            "--format", "json", Fixtures.photo(5), "-", folder.path, input: Fixtures.photo(4))
        let files = try json(run.output, as: ClassifyRow.self).map(\.file)
        #expect(files == [Fixtures.photo(5), Fixtures.photo(4), inside])
    }

    @Test(arguments: names)
    func namesComeThroughWhole(name: String) async throws {
        let folder = try TemporaryFolder()
        let file = try folder.copy(Fixtures.photo(1), as: name)
        let run = try await classify("--format", "json", file)
        #expect(run.code == 0)
        #expect(try json(run.output, as: ClassifyRow.self).map(\.file) == [file])
        let lines = try await classify("--format", "jsonl", folder.path)
        #expect(lines.lines.count == 1)
    }

    @Test func tablesStayOneLineAnImage() async throws {
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
        let broken = try folder.file("b.jpg", "not a picture")
        let last = try folder.copy(Fixtures.photo(2), as: "c.jpg")
        let run = try await classify("--format", "json", folder.path)
        #expect(run.code == 1)
        #expect(try json(run.output, as: ClassifyRow.self).map(\.file) == [good, last])
        let errors = run.errorLines.filter { $0.hasPrefix("error: ") }
        #expect(errors.count == 1)
        #expect(errors.first?.contains(broken) == true)
        #expect(run.errorLines.last?.hasSuffix("; 1 could not be read") == true)
    }

    @Test func errorsNameOddFilesInOneLine() async throws {
        let folder = try TemporaryFolder()
        _ = try folder.file("line\nfeed.jpg", "not a picture")
        let run = try await classify("--format", "csv", folder.path, Fixtures.photo(1))
        #expect(run.code == 1)
        let errors = run.errorLines.filter { $0.hasPrefix("error: ") }
        #expect(errors.count == 1)
        #expect(errors.first?.contains("line\\nfeed.jpg") == true, "\(errors)")
        #expect(errors.first?.contains("neither JPEG, PNG nor WebP") == true)
    }

    @Test func missingPathsAreReported() async throws {
        let run = try await classify("--format", "json", "/nowhere/x.jpg", Fixtures.photo(1))
        #expect(run.code == 1)
        #expect(try json(run.output, as: ClassifyRow.self).count == 1)
        #expect(run.errorLines.contains { $0.hasPrefix("error: /nowhere/x.jpg: cannot be opened") })
    }

    @Test(arguments: [("json", "[]\n"), ("jsonl", "")])
    func emptyFoldersLeaveEmptyOutput(format: String, output: String) async throws {
        let folder = try TemporaryFolder()
        let run = try await classify("--format", format, folder.path)
        #expect(run.code == 1)
        #expect(run.output == output)
        #expect(run.errorLines.contains { $0.contains("\(folder.path): holds no .jpg") })
    }

    @Test func emptyListIsNoError() async throws {
        let run = try await classify("--format", "json", "-", input: "")
        #expect(run.code == 0)
        #expect(run.output == "[]\n")
        #expect(run.errorLines.last == "0 images")
    }
}

import Testing

/// The demonstration that `make demo` runs.
@Suite(.needsProgram, .needsDevice, .timeLimit(.minutes(10)))
struct DemoTests {
    @Test func photosAreNamed() async throws {
        // A small training set: the demo is tested, not the accuracy of its cascade.
        let run = try await shell("DEMO_IMAGES=400 \"$1\"", Fixtures.demo)
        #expect(run.code == 0)
        #expect(run.errors.contains("model: dvt-cifar10, built into dvt"))
        // At exit 1 one image is 0.05 above the threshold, the others at least 0.12 below it.
        #expect(run.errors.contains("6 images; exit 1: 1, exit 2: 5; "))
        #expect(run.output.contains("agree on the class and exit of every image (6)"))
        #expect(run.output.contains("$ dvt train"))
    }

    @Test func imagesAreGivenByTheUser() async throws {
        // Copies, because spaces separate the paths and this checkout's path may contain some.
        let (folder, other) = (try TemporaryFolder(), try TemporaryFolder())
        try folder.copy(Fixtures.photo(1), as: "a.jpg")
        let file = try other.copy(Fixtures.photo(2), as: "b.jpg")
        let run = try await shell("IMAGES=\"$2 $3\" \"$1\"", Fixtures.demo, folder.path, file)
        #expect(run.code == 0)
        #expect(run.lines.contains { $0.hasPrefix("\(folder.path)/a.jpg ") })
        #expect(run.output.contains("every image (2)"))
        #expect(!run.output.contains("$ dvt train"))
    }

    @Test func nothingToClassifyIsAnError() async throws {
        let run = try await shell("IMAGES=/nowhere \"$1\"", Fixtures.demo)
        #expect(run.code == 1)
        #expect(run.errorLines.contains { $0.hasPrefix("error: /nowhere: cannot be opened") })
        #expect(run.errorLines.last?.hasPrefix("demo.sh: no image was classified") == true)
    }
}

import DVTCheckpoints
import DVTCore
import Testing

/// Weights from files.
@Suite(.needsProgram, .needsDevice, .timeLimit(.minutes(10)))
struct WeightsTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func classify(_ weights: String) async throws -> ProgramOutput {
        try await dvt(
            "classify", "--model", "tiny-deit", "--weights", weights, "--exit", "all", "--format",
            "json", Fixtures.photo(1), Fixtures.photo(6), Fixtures.photo(12))
    }

    @Test func filesGiveTheResultsOfTheirWeights() async throws {
        let file = try Weights.file(Weights.synthetic(seed: 50), in: folder)
        let stored = try await classify(file)
        #expect(stored.code == 0)
        #expect(stored.output == (try await classify("synthetic:50")).output)
        #expect(!stored.errors.contains("untrained"))
    }

    @Test(arguments: [SafetensorsWriter.ElementType.float16, .bfloat16])
    func halfPrecisionWeightsRun(type: SafetensorsWriter.ElementType) async throws {
        let file = try Weights.file(Weights.synthetic(seed: 50), as: type, in: folder)
        let run = try await classify(file)
        #expect(run.code == 0)
        let half = try json(run.output, as: ClassifyRow.self)
        let whole = try json(try await classify("synthetic:50").output, as: ClassifyRow.self)
        // 11 and 8 bits of fraction through three stages and a softmax.
        let tolerance = type == .float16 ? 0.01 : 0.1
        for (x, y) in zip(half, whole) {
            #expect(abs(x.confidences[0] - y.confidences[0]) < tolerance)
        }
        #expect(half != whole)
    }

    @Test func missingFilesAreNamed() async throws {
        try await expectRefusal("\(folder.path)/none.safetensors", "cannot be opened (No such file")
    }

    @Test func textIsNotACheckpoint() async throws {
        let file = try folder.file("weights.txt", "these are not weights, whatever they say")
        try await expectRefusal(file, #"is text that begins with "these are not weights"#)
    }

    @Test func pointersOfGitAreNamed() async throws {
        let file = try folder.file(
            "model.safetensors", "version https://git-lfs.github.com/spec/v1\nsize 88233129\n")
        try await expectRefusal(file, "is a Git LFS pointer to a file of 88233129 bytes")
    }

    @Test func foldersAreNotCheckpoints() async throws {
        try await expectRefusal(folder.path, "is a folder without config.json")
    }

    @Test func shortFilesAreReported() async throws {
        let file = try folder.file("short.safetensors", "short")
        try await expectRefusal(file, #"is text that begins with "short""#)
    }

    @Test func missingTensorsAreCounted() async throws {
        let tensors = try Weights.synthetic(seed: 1).filter { !$0.name.hasSuffix(".cls_token") }
        try await expectRefusal(
            try Weights.file(tensors, in: folder),
            "does not fit model tiny-deit: 3 tensors are missing, first less_less_token.cls_token")
    }

    @Test func wrongShapesAreNamed() async throws {
        let tensors = try Weights.synthetic(seed: 1).map { name, tensor in
            let isHead = name == "normal_token.head.bias"
            return (name: name, tensor: isHead ? Tensor([11], repeating: 0) : tensor)
        }
        try await expectRefusal(
            try Weights.file(tensors, in: folder),
            "normal_token.head.bias has shape [11], but [10] is needed")
    }

    @Test func extraTensorsAreReported() async throws {
        let tensors = try Weights.synthetic(seed: 1) + [("extra", Tensor([1], repeating: 0))]
        try await expectRefusal(try Weights.file(tensors, in: folder), "\"extra\"")
    }

    @Test func nonFiniteConfidencesAreReported() async throws {
        let tensors = try Weights.synthetic(seed: 1).map { name, tensor in
            let isHead = name == "less_token.head.bias"
            return (name: name, tensor: isHead ? Tensor([10], repeating: .nan) : tensor)
        }
        let run = try await classify(try Weights.file(tensors, in: folder))
        #expect(run.code == 1)
        #expect(run.output == "[]\n")
        let start = "Error: exit 2 gave a confidence that is not a number"
        #expect(run.errorLines.count { $0.hasPrefix(start) } == 1)
    }

    /// Expects one line that names the file and the fault, and no output.
    private func expectRefusal(
        _ file: String, _ fault: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let run = try await classify(file)
        #expect(run.code == 1, sourceLocation: sourceLocation)
        #expect(run.output.isEmpty, sourceLocation: sourceLocation)
        let errors = run.errorLines.filter { !$0.hasPrefix("device: ") }
        #expect(errors.count == 1, sourceLocation: sourceLocation)
        let error = errors.first ?? ""
        #expect(error.hasPrefix("Error: \(file): "), "\(error)", sourceLocation: sourceLocation)
        #expect(error.contains(fault), "\(error)", sourceLocation: sourceLocation)
    }
}

import Testing

/// The exits of images by policy, device and batch.
@Suite(.needsProgram, .needsDevice, .timeLimit(.minutes(10)))
struct ClassifyExitTests {
    /// Every image at every exit.
    private static let everything = Task {
        let run = try await classify("--exit", "all", "--format", "json", Fixtures.photos)
        return try json(run.output, as: ClassifyRow.self)
    }

    @Test func referenceAgreesWithOpenCL() async throws {
        let arguments = ["--format", "json", Fixtures.photos]
        let openCL: [ClassifyRow] = try json(try await classify(arguments).output)
        let run = try await classify(arguments + ["--device", "reference"])
        #expect(run.errorLines.contains { $0.hasPrefix("device: reference") })
        let reference: [ClassifyRow] = try json(run.output)
        #expect(openCL.map(\.decision) == reference.map(\.decision))
        for (x, y) in zip(openCL, reference) {
            #expect(abs(x.probability - y.probability) < 1e-4)
        }
    }

    @Test(arguments: ["vector", "tile"])
    func everyKernelStyleGivesTheSameResults(style: String) async throws {
        let run = try await classify("--format", "json", "--kernel-style", style, Fixtures.photos)
        let usual = try await classify("--format", "json", Fixtures.photos)
        let rows = try json(run.output, as: ClassifyRow.self)
        let expected = try json(usual.output, as: ClassifyRow.self)
        #expect(rows.map(\.decision) == expected.map(\.decision))
    }

    @Test(arguments: [1, 2, 3])
    func allImagesTakeAGivenExit(exit: Int) async throws {
        let run = try await classify("--exit", "\(exit)", "--format", "json", Fixtures.photos)
        let rows = try json(run.output, as: ClassifyRow.self)
        #expect(rows.count == 12)
        #expect(rows.allSatisfy { $0.exit == exit - 1 && $0.confidences.count == exit })
    }

    @Test func allExitsRunToTheLast() async throws {
        let rows = try await Self.everything.value
        #expect(rows.count == 12)
        #expect(rows.allSatisfy { $0.exit == 2 && $0.confidences.count == 3 })
    }

    @Test(arguments: [["0.6"], ["0.6", "0.6"], ["0.9", "0.4"], ["0", "0"], ["2"]])
    func thresholdsSelectExitsByConfidence(thresholds: [String]) async throws {
        let options = thresholds.flatMap { ["--threshold", $0] }
        let run = try await classify(options + ["--format", "json", Fixtures.photos])
        let values = try (thresholds + thresholds).prefix(2).map { try #require(Double($0)) }
        let expected = try await Self.everything.value.map { row in
            zip(row.confidences, values).enumerated()
                .first { $0.element.0 >= $0.element.1 }?.offset ?? 2
        }
        #expect(try json(run.output, as: ClassifyRow.self).map(\.exit) == expected)
    }

    @Test func batchSizesGiveTheSameRows() async throws {
        let runs = [
            try await classify("--batch-size", "1", "--format", "json", Fixtures.photos),
            try await classify("--batch-size", "2", "--format", "json", Fixtures.photos),
            try await classify("--batch-size", "5", "--format", "json", Fixtures.photos),
        ]
        #expect(try json(runs[0].output, as: ClassifyRow.self).count == 12)
        #expect(runs[1].output == runs[0].output)
        #expect(runs[2].output == runs[0].output)
    }

    @Test func reuseCanBeSwitchedOff() async throws {
        let usual = try await classify("--exit", "all", "--format", "json", Fixtures.photo(1))
        let run = try await classify(
            "--feature-reuse", "off", "--relation-reuse", "off", "--exit", "all", "--format",
            "json", Fixtures.photo(1))
        let with = try #require(try json(usual.output, as: ClassifyRow.self).first)
        let without = try #require(try json(run.output, as: ClassifyRow.self).first)
        // The first stage has nothing to reuse.
        #expect(without.confidences[0] == with.confidences[0])
        #expect(without.confidences[1] != with.confidences[1])
        #expect(without.multiplyAdds < with.multiplyAdds)
    }

    @Test func presetsPreprocessDifferently() async throws {
        var outputs: Set<String> = []
        for preset in ["default", "timm"] {
            let run = try await classify(
                "--preprocessing", preset, "--format", "csv", Fixtures.photo(12))
            #expect(run.code == 0)
            outputs.insert(run.output)
        }
        #expect(outputs.count == 2)
    }
}

import Testing

/// `dvt info`.
@Suite(.needsProgram, .timeLimit(.minutes(10)))
struct InfoCommandTests {
    struct Row: Decodable {
        let stage: Int
        let tokens: Int
        let parameters: Int
        let cumulativeMultiplyAdds: Int
        let workingSetBytes: Int
    }

    @Test func describesEachStage() async throws {
        let run = try await dvt("info", "dvt-deit-small", "--format", "json", needsKernels: false)
        #expect(run.code == 0)
        let rows = try json(run.output, as: Row.self)
        #expect(rows.map(\.stage) == [0, 1, 2])
        #expect(rows.map(\.tokens) == [50, 101, 197])
        #expect(rows.allSatisfy { $0.parameters > 0 && $0.workingSetBytes > 0 })
        #expect(rows.last?.cumulativeMultiplyAdds == 8_821_670_400)
    }

    @Test func countsExitsFromOneForPeople() async throws {
        let rows = try table(try await dvt("info", "tiny-deit", needsKernels: false).output)
        #expect(rows.dropFirst().map { $0[0] } == ["1", "2", "3"])
    }

    /// A custom model file: stages, costs and the lines beside the table.
    @Test func describesAFile() async throws {
        let folder = try TemporaryFolder()
        let text = #"""
            {"name": "mine", "classes": 10, "labels": "cifar10", "thresholds": [0.75],
             "stages": [{"architecture": "deit-tiny", "tokens": 49},
                        {"architecture": "deit-tiny", "tokens": 196}]}
            """#
        let file = try folder.file("mine.json", text)
        let run = try await dvt("info", file, "--format", "json", needsKernels: false)
        #expect(run.code == 0)
        #expect(try json(run.output, as: Row.self).map(\.tokens) == [50, 197])
        #expect(run.errorLines.first?.hasPrefix("mine: ") == true)
        #expect(run.errorLines.contains("reuse: features on, relations on"))
        #expect(run.errorLines.contains("classes: 10, labels cifar10; thresholds 0.75"))
    }

    @Test func faultsOfAFileAreOneLine() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.file(
            "mine.json", #"{"stages": [{"architecture": "deit-tiny", "tokens": 50}]}"#)
        let run = try await dvt("info", file, needsKernels: false)
        #expect(run.code == 1 && run.output.isEmpty && run.errorLines.count == 1)
        #expect(run.errors.hasPrefix("Error: \(file): describes no model: stages[0].tokens is 50"))
    }

    @Test func theAuthorsNamesAreAccepted() async throws {
        let run = try await dvt("info", "DVT_Deit_small", needsKernels: false)
        #expect(run.code == 0)
        #expect(run.errorLines.first?.hasPrefix("dvt-deit-small: ") == true)
    }

    @Test func misspelledModelsShowTheNearest() async throws {
        let run = try await dvt("info", "dvt-diet-small", needsKernels: false)
        #expect(run.code == 1)
        #expect(run.errors.contains("did you mean dvt-deit-small?"))
    }

    @Test func unknownModelsAreOneLine() async throws {
        let run = try await dvt("info", "nonesuch", needsKernels: false)
        #expect(run.code == 1)
        #expect(run.output.isEmpty)
        #expect(run.errorLines.count == 1)
    }
}

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

    @Test func tellsEachStage() async throws {
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

    @Test func unknownModelsAreOneLine() async throws {
        let run = try await dvt("info", "nonesuch", needsKernels: false)
        #expect(run.code == 1)
        #expect(run.output.isEmpty)
        #expect(run.errorLines.count == 1)
    }
}

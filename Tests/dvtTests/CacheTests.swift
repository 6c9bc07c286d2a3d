import Testing

/// What is kept from one run to the next.
@Suite(.needsProgram, .needsDevice, .timeLimit(.minutes(10)))
struct CacheTests {
    @Test func nothingIsCompiledTwice() async throws {
        // Whatever ran before, this fills what is missing.
        _ = try await classify("-v", "--exit", "all", Fixtures.photos)
        let run = try await classify("-v", "--exit", "all", Fixtures.photos)
        let programs = try #require(run.errorLines.first { $0.contains("programs: ") })
        #expect(programs.contains("programs: 0 compiled "))
        #expect(!programs.contains(" 0 from the cache"))
    }

    @Test func onlyTheFirstRunAnnouncesBuilding() async throws {
        let run = try await classify(Fixtures.photo(1))
        #expect(!run.errors.contains("kernels: first build"))
    }

    @Test func verboseRunsTellTheRowsOfEveryStage() async throws {
        let run = try await classify("-v", "--batch-size", "12", Fixtures.photos)
        // The later stages wait for more images, and go on without when there are none.
        for rows in ["12, 0, 0", "0, 8, 4"] {
            #expect(run.errorLines.contains { $0.contains("batch: rows per stage \(rows); ") })
        }
        #expect(run.errorLines.contains { $0.contains("kernel style: ") })
    }
}

import Testing

/// The caches shared by successive runs.
@Suite(.needsProgram, .needsDevice, .timeLimit(.minutes(10)))
struct CacheTests {
    @Test func programsAreCompiledOnce() async throws {
        // Fills the cache, regardless of earlier runs.
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

    @Test func verboseRunsReportTheRowsOfEveryStage() async throws {
        let run = try await classify("-v", "--batch-size", "12", Fixtures.photos)
        // The later stages wait for more images until there are none.
        for rows in ["12, 0, 0", "0, 8, 4"] {
            #expect(run.errorLines.contains { $0.contains("batch: rows per stage \(rows); ") })
        }
        #expect(run.errorLines.contains { $0.contains("kernel style: ") })
    }
}

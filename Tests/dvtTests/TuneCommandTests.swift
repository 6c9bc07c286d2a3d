import Foundation
import Testing

/// `dvt tune`.
@Suite(.needsDevice, .timeLimit(.minutes(10)))
struct TuneCommandTests {
    private struct Row: Decodable {
        let operation: String
        let engine: String
        let medianMs: Double
        let untunedMs: Double
        let enginesTried: Int
    }

    private func rows(_ output: String) throws -> [Row] {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode([Row].self, from: Data(output.utf8))
    }

    /// The texts of the tunings in a cache folder.
    private func tunings(in cache: TemporaryFolder) throws -> [String] {
        let folder = "\(cache.path)/dvt/values"
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return files.map { FileManager.default.contents(atPath: "\(folder)/\($0)") ?? Data() }
            .map { String(decoding: $0, as: UTF8.self) }.filter { $0.contains("linear tuning") }
    }

    @Test func storesTheFastestEngine() async throws {
        let cache = try TemporaryFolder()
        let run = try await dvt(
            [
                "tune", "--model", "tiny-deit", "--batch-size", "1", "--kernel-style", "vector",
                "--time-limit", "300", "--engine", "packed-4x32", "--format", "json",
            ], environment: ["XDG_CACHE_HOME": cache.path])
        #expect(run.code == 0, "\(run.errors)")
        let rows = try rows(run.output)
        #expect(!rows.isEmpty && rows.allSatisfy { $0.operation.hasPrefix("l") })
        // On a busy machine the engine may seem hopeless and is then not tried at every layer.
        #expect(
            rows.allSatisfy { $0.medianMs <= $0.untunedMs && (1...2).contains($0.enginesTried) })
        #expect(run.errors.contains("tuned: \(rows.count) of \(rows.count) linear layers"))
        #expect(!run.errors.contains("not reached"))

        let kept = try tunings(in: cache)
        #expect(kept.count == 1 && kept[0].contains("kernels "))
        #expect(rows.allSatisfy { kept[0].contains($0.engine) })
    }

    /// All engines at all layers, with every kernel to be built first, take many times as long; the
    /// suite's limit would end them.
    @Test func theLimitHoldsWithAnEmptyCache() async throws {
        let cache = try TemporaryFolder()
        let run = try await dvt(
            ["tune", "--kernel-style", "vector", "--time-limit", "5", "--format", "json"],
            environment: ["XDG_CACHE_HOME": cache.path])
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.errors.contains("not reached before the time limit: "), "\(run.errors)")
        #expect(try rows(run.output).count == 0 || tunings(in: cache).count == 1)
    }

    /// Also in the middle of a layer.
    @Test(arguments: [SIGINT, SIGTERM])
    func anInterruptionKeepsTheResults(signal: Int32) async throws {
        let cache = try TemporaryFolder()
        let run = try ProgramRun(
            [
                "tune", "--kernel-style", "vector", "--batch-size", "8", "--time-limit", "3600",
                "--format", "json",
            ], environment: ["XDG_CACHE_HOME": cache.path]
        ).start()
        while run.isRunning, !run.errors.contains("comparisons") {
            try await Task.sleep(for: .milliseconds(20))
        }
        run.interrupt(by: signal)
        let output = try await run.end()
        #expect(output.code == 128 + signal, "\(output.errors)")
        #expect(output.errors.contains("not reached before the interruption: "))
        let rows = try rows(output.output)
        let kept = try tunings(in: cache)
        #expect(!rows.isEmpty && kept.count == 1 && kept[0].contains(rows[0].engine))
    }

    /// The choice of a kernel style ends in time, too.
    @Test(arguments: [
        (["--kernel-style", "vector"], "16 of 16 linear layers"),
        ([], "the choice of the device's kernels"),
    ])
    func nothingIsStoredWithoutTime(options: [String], rest: String) async throws {
        let cache = try TemporaryFolder()
        let run = try await dvt(
            ["tune", "--model", "tiny-deit", "--batch-size", "1", "--time-limit", "0.001"]
                + ["--format", "json"] + options, environment: ["XDG_CACHE_HOME": cache.path])
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.errors.contains("not reached before the time limit: \(rest)"))
        #expect(try rows(run.output).count == 0 && tunings(in: cache) == [])
    }

    @Test func refusesWithoutACacheFolder() async throws {
        let run = try await dvt(["tune"], environment: ["DVT_CACHE": "off"])
        #expect(run.code == 1 && run.output.isEmpty)
        #expect(
            run.errors.contains("tuning results cannot be cached: DVT_CACHE is off"),
            "\(run.errors)")
    }
}

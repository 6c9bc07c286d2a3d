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

    @Test func storesTheFastestEngine() async throws {
        let cache = NSTemporaryDirectory() + "dvt-tune-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: cache) }
        // Stops after the first linear layer, however long it takes.
        let run = try await dvt(
            [
                "tune", "--model", "tiny-deit", "--batch-size", "1", "--time-limit", "0.001",
                "--engine", "packed-4x16", "--format", "json",
            ], environment: ["XDG_CACHE_HOME": cache])
        #expect(run.code == 0, "\(run.errors)")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let rows = try decoder.decode([Row].self, from: Data(run.output.utf8))
        #expect(rows.count == 1 && rows[0].operation.hasPrefix("linear"))
        // On a busy machine the named engine may seem too slow and is then not timed to the end.
        #expect(rows[0].medianMs <= rows[0].untunedMs && (1...2).contains(rows[0].enginesTried))
        #expect(run.errors.contains("tuned: 1 of "))

        let kept = try FileManager.default.contentsOfDirectory(atPath: "\(cache)/dvt/values")
            .map { FileManager.default.contents(atPath: "\(cache)/dvt/values/\($0)") ?? Data() }
            .map { String(decoding: $0, as: UTF8.self) }.filter { $0.contains("linear tuning") }
        #expect(kept.count == 1 && kept[0].contains(rows[0].engine))
    }

    @Test func refusesWithoutACacheFolder() async throws {
        let run = try await dvt(["tune"], environment: ["DVT_CACHE": "off"])
        #expect(run.code == 1 && run.output.isEmpty)
        #expect(
            run.errors.contains("tuning results cannot be cached: DVT_CACHE is off"),
            "\(run.errors)")
    }
}

import Testing

/// `dvt bench`: its records, not its times.
@Suite(.needsProgram, .needsDevice, .timeLimit(.minutes(10)))
struct BenchCommandTests {
    struct Time: Decodable {
        let median: Double
        let min: Double
        let p90: Double
        let repeats: Int
    }

    struct ModelRow: Decodable {
        let model: String
        let measurement: String
        let stage: Int?
        let batchSize: Int
        let stepTimeMs: Time
        let samplesPerSec: Double
        let gmacs: Double
        let predictedMs: Double?
        let stageRows: [Int]
        let precision: String
        let commit: String
        let device: String
    }

    struct OperationRow: Decodable {
        let stage: Int
        let operation: String
        let count: Int
        let stepTimeMs: Time
    }

    @Test func everyStageAndTheCascadeAreTimed() async throws {
        let run = try await dvt(
            "bench", "model", "--model", "tiny-deit", "--batch-size", "4", "--repeats", "2",
            "--warm-ups", "0", "--exit-share", "50", "--exit-share", "25", "--exit-share", "25",
            "--format", "json")
        #expect(run.code == 0, "\(run.errors)")
        let rows = try json(run.output, as: ModelRow.self)
        #expect(
            rows.map(\.measurement) == ["stage 1", "stage 2", "stage 3", "all exits", "cascade"])
        #expect(rows.map(\.stage) == [0, 1, 2, nil, nil])
        #expect(rows[4].stageRows == [4, 2, 1])
        #expect(rows[4].predictedMs != nil && rows[3].predictedMs == nil)
        for row in rows {
            #expect(row.model == "tiny-deit" && row.batchSize == 4 && row.precision == "float32")
            #expect(row.stepTimeMs.min > 0 && row.stepTimeMs.min <= row.stepTimeMs.median)
            #expect(row.stepTimeMs.median <= row.stepTimeMs.p90 && row.stepTimeMs.repeats == 2)
            #expect(row.samplesPerSec > 0 && row.gmacs > 0)
        }
    }

    @Test func operationsAreTimedAtTheModelsSizes() async throws {
        let run = try await dvt(
            "bench", "operations", "--model", "tiny-deit", "--batch-size", "1", "--repeats", "1",
            "--time", "0", "--filter", "attention", "--format", "json")
        #expect(run.code == 0, "\(run.errors)")
        let rows = try json(run.output, as: OperationRow.self)
        #expect(
            rows.map(\.operation) == [
                "attention B=1 T=50 H=2 d=32 keep", "attention B=1 T=101 H=2 d=32 reuse=7 keep",
                "attention B=1 T=197 H=2 d=32 reuse=10",
                "attention B=1 T=197 H=2 d=32 class reuse=10",
            ])
        #expect(rows.map(\.stage) == [0, 1, 2, 2] && rows.map(\.count) == [2, 2, 1, 1])
    }
}

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
        let launches: Int
        let memoryBytes: Int
        let programsCompiled: Int
        let programsLoaded: Int
        let compileSeconds: Double
        let loadSeconds: Double
        let ratio: Double?
    }

    struct OperationRow: Decodable {
        let model: String
        let stage: Int
        let batchSize: Int
        let operation: String
        let count: Int
        let stepTimeMs: Time
        let deviceTimeMs: Time
        let launches: Int
        let peakShare: Double
    }

    struct PeakRow: Decodable {
        let measurement: String
        let value: Double
        let unit: String
        let kernel: String
        let device: String
        let ratio: Double?
    }

    private static let model = [
        "bench", "model", "--model", "tiny-deit", "--repeats", "1", "--warmup", "1",
        "--format", "json",
    ]

    @Test func everyStageAndTheCascadeAreTimed() async throws {
        let run = try await dvt(
            "bench", "model", "--model", "tiny-deit", "--batch-size", "4", "--repeats", "2",
            "--warmup", "0", "--exit-share", "50", "--exit-share", "25", "--exit-share", "25",
            "--format", "json")
        #expect(run.code == 0, "\(run.errors)")
        let rows = try json(run.output, as: ModelRow.self)
        #expect(
            rows.map(\.measurement)
                == ["stage 1", "stage 2", "stage 3", "all exits", "cascade", "streamed"])
        #expect(rows.map(\.stage) == [0, 1, 2, nil, nil, nil])
        #expect(rows[4].stageRows == [4, 2, 1] && rows[5].stageRows == [4, 2, 1])
        #expect(rows[4].predictedMs != nil && rows[3].predictedMs == nil)
        #expect(rows[5].predictedMs == rows[4].predictedMs)
        for row in rows {
            #expect(row.model == "tiny-deit" && row.batchSize == 4 && row.precision == "float32")
            #expect(row.stepTimeMs.min > 0 && row.stepTimeMs.min <= row.stepTimeMs.median)
            #expect(row.stepTimeMs.median <= row.stepTimeMs.p90)
            // Batches of a stream overlap, so there is only one mean.
            #expect(row.stepTimeMs.repeats == (row.measurement == "streamed" ? 1 : 2))
            #expect(row.samplesPerSec > 0 && row.gmacs > 0)
            #expect(row.programsCompiled + row.programsLoaded > 0)
            #expect(row.compileSeconds + row.loadSeconds > 0)
            #expect(row.ratio == nil)
        }
        // The size of the images alone, and at least one kernel for each of two blocks' seven
        // operations.
        #expect(rows[0].memoryBytes > 4 * 3 * 224 * 224 * 4 && rows[0].launches >= 14)
        #expect(rows[3].launches == rows[0].launches + rows[1].launches + rows[2].launches)
    }

    /// Each batch size has its own memory, even after a larger one.
    @Test func batchSizesMayBeLists() async throws {
        let run = try await dvt(
            Self.model + ["--batch-size", "4,1", "--batch-size", "2"])
        #expect(run.code == 0, "\(run.errors)")
        let rows = try json(run.output, as: ModelRow.self).filter {
            $0.measurement == "all exits"
        }
        #expect(rows.map(\.batchSize) == [4, 1, 2])
        #expect(rows[1].memoryBytes < rows[2].memoryBytes)
        #expect(rows[2].memoryBytes < rows[0].memoryBytes)
    }

    @Test(arguments: ["kernels", "operations"])
    func operationsAreTimedAtTheModelsSizes(name: String) async throws {
        let run = try await dvt(
            "bench", name, "--model", "tiny-deit", "--batch-size", "1", "--repeats", "1",
            "--time-ms", "0", "--filter", "attention", "--format", "json")
        #expect(run.code == 0, "\(run.errors)")
        let rows = try json(run.output, as: OperationRow.self)
        #expect(
            rows.map(\.operation) == [
                "attention B=1 T=50 H=2 d=32 keep", "attention B=1 T=101 H=2 d=32 reuse=7 keep",
                "attention B=1 T=197 H=2 d=32 reuse=10",
                "attention B=1 T=197 H=2 d=32 class reuse=10",
            ])
        #expect(rows.map(\.stage) == [0, 1, 2, 2] && rows.map(\.count) == [2, 2, 1, 1])
        for row in rows {
            #expect(row.deviceTimeMs.median > 0 && row.launches >= 1 && row.peakShare > 0)
        }
    }

    @Test func peakMeasuresFourQuantities() async throws {
        let run = try await dvt("bench", "peak", "--small", "--format", "json")
        #expect(run.code == 0, "\(run.errors)")
        // Besides, where the device has them, its instructions for products.
        let products: Set = ["bfloat16 dot", "16-bit matrix", "float32 matrix"]
        let all = try json(run.output, as: PeakRow.self)
        #expect(all.allSatisfy { !products.contains($0.measurement) || $0.unit == "GFLOP/s" })
        let rows = all.filter { !products.contains($0.measurement) }
        #expect(rows.map(\.measurement) == ["fma", "copy", "launch", "queued launch"])
        #expect(rows.map(\.unit) == ["GFLOP/s", "GB/s", "us", "us"])
        #expect(all.allSatisfy { $0.value > 0 })
    }

    @Test func runsAreComparedWithABaseline() async throws {
        let folder = try TemporaryFolder()
        let first = try await dvt(Self.model + ["--batch-size", "1,2"])
        // A baseline of another device that took a thousandth of the time.
        let device = try #require(try json(first.output, as: ModelRow.self).first).device
        let fast = first.output.replacing(/"median":([0-9.]+)/) { "\"median\":\($0.output.1)e-3" }
            .replacing(device, with: "another device")
        let file = try folder.file("base.json", fast)
        let second = try await dvt(Self.model + ["--batch-size", "2,3", "--compare", file])
        #expect(second.code == 0, "\(second.errors)")
        let rows = try json(second.output, as: ModelRow.self)
        for row in rows {
            // A thousand times slower, up to the variation between two single runs.
            #expect((row.ratio != nil) == (row.batchSize == 2))
            #expect(row.ratio.map { $0 < 0.5 } ?? true)
        }
        #expect(
            second.errors.contains("6 records compared; 6 only in this run, 6 only in the file"))
        #expect(second.errors.contains("warning: \(file) is from another device: another device"))
        let failing = try await dvt(
            Self.model + ["--batch-size", "2", "--compare", file, "--fail-below", "0.5"])
        #expect(failing.code == 1)
        #expect(failing.errorLines.last?.contains("is below 0.5: model \"tiny-deit\"") == true)
        let unlike = try await dvt(
            Self.model + ["--batch-size", "3", "--compare", file, "--fail-below", "0.5"])
        #expect(unlike.code == 1)
        #expect(unlike.errorLines.last?.contains("no record matches one in") == true)
    }

    @Test(arguments: ["model", "kernels", "peak"])
    func invalidBaselinesAreRefusedBeforeAnythingRuns(command: String) async throws {
        let folder = try TemporaryFolder()
        let file = try folder.file("base.json", "[{\"measurement\":\"fma\"}]")
        let model = command == "peak" ? [] : ["--model", "tiny-deit"]
        let run = try await dvt(
            ["bench", command] + model + ["--compare", file], needsKernels: false)
        #expect(run.code == 1 && run.output.isEmpty)
        #expect(run.errorLines.count == 1, "\(run.errors)")
        #expect(run.errors.contains("base.json: its record 1 has no "))
    }
}

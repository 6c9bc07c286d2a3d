import DVTCore
import DVTEvaluation
import DVTParity
import DVTSupport
import Testing

/// Comparisons of benchmark records with those of an earlier run.
@Suite struct BaselineTests {
    private static func peak(_ measurement: String, _ value: Double, _ unit: String) -> String {
        """
        {"measurement":"\(measurement)","value":\(value),"unit":"\(unit)","precision":"float32",\
        "device":"one"}
        """
    }

    private static func operation(_ batch: Int, _ median: Double) -> String {
        """
        {"model":"m","stage":0,"operation":"linear","batch_size":\(batch),"precision":"float32",\
        "kernel_style":null,"step_time_ms":{"median":\(median),"repeats":3},"device":"one"}
        """
    }

    private func record(_ text: String) throws -> BenchmarkRecord {
        guard case .object(let members) = try JSONValue(parsing: Array(text.utf8)) else {
            preconditionFailure("a record is an object")
        }
        return BenchmarkRecord(members)
    }

    private func baseline(_ text: String, _ kind: BenchmarkKind) throws -> Baseline {
        try Baseline(Array(text.utf8), origin: "base.json", kind: kind)
    }

    @Test(arguments: ["[\n  A,\n  B\n]\n", "A\nB\n", "A\nB"])
    func shorterTimesHaveRatiosAboveOne(layout: String) throws {
        let text = layout.replacing("A", with: Self.operation(1, 4))
            .replacing("B", with: Self.operation(8, 6))
        var baseline = try baseline(text, .kernels)
        #expect(baseline.devices == ["one"])
        #expect(try baseline.ratio(of: record(Self.operation(1, 2))) == 2)
        #expect(try baseline.ratio(of: record(Self.operation(32, 2))) == nil)
        #expect(baseline.matched == 1 && baseline.unmatched == 1 && baseline.unused == 1)
        #expect(try baseline.ratio(of: record(Self.operation(8, 8))) == 0.75)
        #expect(baseline.worst?.ratio == 0.75)
        #expect(baseline.worst?.record.contains("batch_size 8") == true)
        #expect(baseline.unused == 0)
    }

    /// Higher rates and lower latencies are both faster.
    @Test func ratesAndLatenciesOfAPeak() throws {
        let text = Self.peak("fma", 100, "GFLOP/s") + "\n" + Self.peak("launch", 10, "us")
        var baseline = try baseline(text, .peak)
        let rate = try baseline.ratio(of: record(Self.peak("fma", 200, "GFLOP/s")))
        let latency = try baseline.ratio(of: record(Self.peak("launch", 5, "us")))
        #expect(rate == 2)
        #expect(try abs(#require(latency) - 2) < 1e-12)
    }

    /// A stage may have an operation twice: the second is compared with the second.
    @Test func equalRecordsKeepTheirOrder() throws {
        var baseline = try baseline(
            Self.operation(1, 4) + Self.operation(1, 10), .kernels)
        let ratios = try [2.0, 5, 1].map { try baseline.ratio(of: record(Self.operation(1, $0))) }
        #expect(ratios == [2, 2, nil])
    }

    @Test(arguments: [
        ("", "holds no records"), ("[]", "holds no records"), ("PNG", "is not a baseline"),
        ("[1]", "record 1 is not an object"), ("{}", "record 1 has no \"model\""),
        (operation(1, 4) + peak("fma", 1, "GFLOP/s"), "record 2 has no \"model\""),
        (operation(1, 0), "record 1 has no time or rate above 0"),
        (operation(1, 4).replacing("\"median\":4.0,", with: ""), "record 1 has no time or rate"),
        (operation(1, 4).replacing("\"device\":\"one\"", with: "\"x\":1"), "has no \"device\""),
        ("[\(operation(1, 4))", "is not a baseline"),
    ])
    func otherFilesAreRefused(text: String, reason: String) throws {
        let error = try #require(throws: BaselineError.self) {
            try baseline(text, .kernels)
        }
        #expect(error.description.hasPrefix("base.json: "))
        #expect(error.description.contains(reason), "\(error)")
        #expect(error.description.contains("--format json or jsonl"))
    }
}

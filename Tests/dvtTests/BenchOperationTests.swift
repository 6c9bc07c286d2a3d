import Foundation
import Testing

/// `dvt bench op`: its records, not its times.
@Suite(.needsProgram, .timeLimit(.minutes(10)))
struct BenchOperationTests {
    struct Row: Decodable {
        let operation: String
        let m: Int?
        let batch: Int?
        let activation: String?
        let globalX: Int?
        let localX: Int?
        let precision: String?
        let device: String
        let kernelStyle: String?
        let medianMs: Double
        let minMs: Double
        let p90Ms: Double
        let deviceMedianMs: Double
        let launches: Int
        let gflopsPerSec: Double?
        let gbytesPerSec: Double?
        let arithmeticIntensity: Double?
        let peakShare: Double?
        let ratio: Double?
    }

    private static let quick = ["--repeats", "2", "--warmup", "0", "--time-ms", "0"]
    private static let linear =
        ["bench", "op", "linear", "--m", "4..16x2", "--n", "32", "--k", "16"] + quick

    private static let source = """
        kernel void saxpy(float a, global const float *x, global float *y) {
            y[get_global_id(0)] += a * x[get_global_id(0)];
        }
        kernel void sums(global float4 *x, int n, local float *t) {
            t[get_local_id(0)] = n;
            x[get_global_id(0)] += t[get_local_id(0)] * N;
        }
        """
    private static let saxpy = [
        "--kernel-name", "saxpy", "--define", "N=2", "--arg", "float:2", "--arg",
        "buffer:float:{global}", "--arg", "buffer:float:{global}",
    ]

    /// Runs the kernels' file with options.
    private func kernel(
        _ options: [String], source: String = source, needsKernels: Bool = true
    ) async throws -> (run: ProgramOutput, file: String) {
        let folder = try TemporaryFolder()
        let file = try folder.file("my.cl", source)
        let run = try await dvt(
            ["bench", "op", "--kernel", file] + Self.quick + options, needsKernels: needsKernels)
        return (run, file)
    }

    @Test func everyOperationAndItsOptionsAreListed() async throws {
        let run = try await dvt(["bench", "op", "--list", "--format", "csv"], needsKernels: false)
        #expect(run.code == 0, "\(run.errors)")
        let rows = try csv(run.output)
        let names = Set(rows.compactMap { $0["operation"] })
        #expect(
            names.isSuperset(of: [
                "linear", "attention", "layernorm", "relation-reuse", "feature-reuse", "softsplit",
                "performer", "patch-embed", "embed-tokens", "gather", "confidence",
            ]))
        let help = try await dvt(["bench", "op", "--help"], needsKernels: false).output
        for row in rows {
            let option = try #require(row["option"])
            #expect(help.contains("\n  \(option) <"), "\(option) is no option")
        }
        let one = try await dvt(["bench", "op", "linear", "--list"], needsKernels: false)
        #expect(one.lines.count == 8 && one.lines[2].contains("--m"))
    }

    @Test(.needsDevice) func sizesAreColumnsOfRecords() async throws {
        let run = try await dvt(Self.linear + ["--format", "json"])
        #expect(run.code == 0, "\(run.errors)")
        let rows = try json(run.output, as: Row.self)
        #expect(rows.map(\.m) == [4, 8, 16])
        for row in rows {
            #expect(row.operation == "linear" && row.batch == nil && row.globalX == nil)
            #expect(row.activation == "identity" && row.precision == "float32")
            #expect(row.minMs > 0 && row.minMs <= row.medianMs && row.medianMs <= row.p90Ms)
            #expect(row.launches >= 1 && row.kernelStyle != nil && !row.device.isEmpty)
            let intensity = try #require(row.arithmeticIntensity)
            let rates = try #require(row.gflopsPerSec) / (try #require(row.gbytesPerSec))
            #expect(abs(intensity / rates - 1) < 1e-6)
            #expect(try #require(row.peakShare) > 0)
        }
    }

    @Test(.needsDevice, arguments: ["csv", "jsonl", "markdown", "table"])
    func everyFormatHasARowPerCombination(format: String) async throws {
        let run = try await dvt(Self.linear + ["--format", format])
        #expect(run.code == 0, "\(run.errors)")
        switch format {
        case "csv":
            let rows = try csv(run.output)
            #expect(rows.map { $0["m"] } == ["4", "8", "16"] && rows[0]["batch"] == "")
            #expect(rows.allSatisfy { Double($0["median_ms"] ?? "") != nil })
        case "jsonl": #expect(try jsonLines(run.output, as: Row.self).map(\.m) == [4, 8, 16])
        default:
            #expect(run.lines.count == 5 && !run.lines[0].contains("Batch"))
        }
    }

    @Test(.needsDevice) func devicesAndPrecisionsAreListed() async throws {
        let device = ["--device", "0,0", "--precision", "float32,float32"]
        let run = try await dvt(Self.linear + device + ["--m", "2", "--format", "json"])
        #expect(run.code == 0, "\(run.errors)")
        #expect(try json(run.output, as: Row.self).count == 16)
    }

    @Test(.needsDevice) func recordsAreCompared() async throws {
        let folder = try TemporaryFolder()
        let first = try await dvt(Self.linear + ["--format", "json"])
        let file = try folder.file("base.json", first.output)
        let second = try await dvt(
            Self.linear + ["--m", "64", "--format", "json", "--compare", file])
        #expect(second.code == 0, "\(second.errors)")
        let rows = try json(second.output, as: Row.self)
        #expect(rows.map { $0.ratio != nil } == [true, true, true, false])
        #expect(second.errors.contains("3 records compared; 1 only in this run, 0 only in"))
    }

    @Test(.needsDevice) func theRooflinePageIsSelfContained() async throws {
        let folder = try TemporaryFolder()
        let page = "\(folder.path)/page.html"
        let run = try await dvt(
            Self.linear + ["layernorm", "--width", "64", "--roofline", page])
        #expect(run.code == 0, "\(run.errors)")
        let text = try String(contentsOfFile: page, encoding: .utf8)
        let document = Document(text)
        #expect(document.isWellFormed && !text.contains("http"))
        #expect(document.count("svg") >= 2 && document.count("tr") == 7)
        for part in ["FLOP per byte", "GFLOP/s", "GB/s", "m=16", "commit", "dvt bench op linear"] {
            #expect(document.text.contains(part), "\(part)")
        }
        #expect(document.text.contains("3 measurements without floating-point operations"))
    }

    @Test(.needsDevice) func theUsersKernelIsTimed() async throws {
        let options = ["--global", "64..256x2", "--work", "2*{global}", "--bytes", "12*{global}"]
        let (run, _) = try await kernel(Self.saxpy + options + ["--format", "json"])
        #expect(run.code == 0, "\(run.errors)")
        let rows = try json(run.output, as: Row.self)
        #expect(rows.map(\.globalX) == [64, 128, 256] && rows.allSatisfy { $0.localX == 64 })
        #expect(rows.allSatisfy { $0.operation == "saxpy" && $0.precision == nil })
        #expect(rows.allSatisfy { $0.launches == 1 && $0.arithmeticIntensity == 2 / 12.0 })
    }

    @Test(.needsDevice) func kernelsMayHaveLocalMemoryAndSeveralAxes() async throws {
        let (run, _) = try await kernel([
            "--kernel-name", "sums", "--define", "N=2", "--global", "8,16", "--global", "2",
            "--local", "4", "--local", "1", "--arg", "buffer:float:4*{global_x}", "--arg",
            "int:-3", "--arg", "local:4*{local}", "--format", "csv",
        ])
        #expect(run.code == 0, "\(run.errors)")
        let rows = try csv(run.output)
        #expect(rows.map { $0["global_x"] } == ["8", "16"] && rows[0]["global_y"] == "2")
        #expect(rows[0]["gflops_per_sec"] == "" && rows[0]["peak_share"] == "")
    }

    @Test(
        .needsDevice,
        arguments: [
            (["--kernel-name", "saxp"], "has no kernel \"saxp\"; did you mean saxpy?"),
            ([], "has several kernels, choose one with --kernel-name: saxpy, sums"),
            (["--kernel-name", "saxpy"], "takes 3 arguments (float a, global float* x, global"),
            (
                saxpy.map { $0.replacing("float:2", with: "int:2") },
                "--arg 1, \"int:2\", does not fit kernel saxpy (float a,"
            ),
            (
                saxpy.map { $0.replacing("buffer:float", with: "buffer:int") },
                "--arg 2, \"buffer:int:{global}\", does not fit"
            ),
            (saxpy + ["--local", "48"], "--global 64 is not a multiple of 48"),
            (
                saxpy.map { $0.replacing("{global}", with: "99999999999999") },
                "exceed the device's memory"
            ),
            (saxpy.map { $0.replacing("{global}", with: "{size}") }, "uses {size}; it may use"),
            (saxpy + ["--work", "1-{global}"], "--work: \"1-{global}\" is negative: -63"),
        ])
    func unsuitableKernelsAreRefused(options: [String], reason: String) async throws {
        let defines = options.contains("--define") ? [] : ["--define", "N=2"]
        let (run, _) = try await kernel(
            options + defines + ["--global", "64"], needsKernels: false)
        #expect(run.code == 1 && run.output.isEmpty, "\(run.errors)")
        #expect(run.errorLines.last?.contains(reason) == true, "\(run.errors)")
    }

    @Test(.needsDevice) func theBuildLogIsShown() async throws {
        let (run, file) = try await kernel(
            ["--global", "64"], source: "kernel void broken() { undeclared = 1; }",
            needsKernels: false)
        #expect(run.code == 1 && run.errors.contains("program '\(file)' did not build"))
        #expect(run.errors.contains("undeclared"))
    }

    @Test(arguments: [
        (["linaer"], 1, "did you mean linear?"),
        (
            ["linear", "--heads", "2"], 1,
            "--heads does not apply to linear, whose options are --m,"
        ),
        (["linear", "--m", "8..4x2"], 1, "--m: \"8..4x2\" is reversed"),
        (["linear", "--precision", "float33"], 64, "\"float33\" is not one of float32,"),
        (
            ["linear", "--kernel", "a.cl", "--global", "4"], 64,
            "--kernel is instead of an operation"
        ),
        (["--kernel", "a.cl"], 64, "--kernel requires --global"),
        (["--kernel", "a.cl", "--global", "4", "--m", "4"], 64, "--m does not apply to --kernel"),
        (["--arg", "int:4"], 64, "--arg requires --kernel"),
        (
            ["--kernel", "a.cl", "--global", "4", "--define", "1=2"], 64,
            "is not NAME or NAME=VALUE"
        ),
        ([], 64, "Name an operation"),
        (["--list", "--m", "4"], 64, "--m does not apply to --list"),
    ])
    func unusableRequestsAreRefused(arguments: [String], code: Int32, reason: String) async throws {
        let run = try await dvt(["bench", "op"] + arguments, needsKernels: false)
        #expect(run.code == code && run.output.isEmpty)
        #expect(run.errors.contains(reason), "\(run.errors)")
    }

    @Test(.needsDevice) func missingKernelFilesAreNamed() async throws {
        let run = try await dvt(
            ["bench", "op", "--kernel", "/nowhere/a.cl", "--global", "4"], needsKernels: false)
        #expect(run.code == 1 && run.errors.contains("/nowhere/a.cl: cannot be opened"))
    }

    @Test func filtersWithoutMatchesAreRefused() async throws {
        let run = try await dvt(
            ["bench", "kernels", "--model", "tiny-deit", "--filter", "attentoin"],
            needsKernels: false)
        #expect(run.code == 1 && run.output.isEmpty && run.errorLines.count == 1)
        #expect(
            run.errors.contains(
                "--filter: no operation of tiny-deit contains \"attentoin\"; did you mean attention"
            ))
    }

    @Test(.needsDevice) func interruptedSweepsHaveWholeOutput() async throws {
        let run = try ProgramRun(
            [
                "bench", "op", "linear", "--m", "1..2000+1", "--n", "16", "--k", "16", "--time-ms",
                "5", "--format", "json",
            ]
        ).start()
        while !run.errors.contains("peak:") { try await Task.sleep(for: .milliseconds(20)) }
        try await Task.sleep(for: .milliseconds(300))
        run.interrupt()
        let output = try await run.end()
        #expect(output.code == 130 && output.errors.contains("interrupted: "))
        #expect(try json(output.output, as: Row.self).count < 2000)
    }

    /// No cell of CSV nests several numbers.
    @Test(
        .needsDevice,
        arguments: [
            [
                "kernels", "--model", "tiny-deit", "--filter", "layerNorm", "--batch-size", "1",
                "--time-ms", "0", "--repeats", "1",
            ],
            ["peak", "--small"],
            [
                "model", "--model", "tiny-deit", "--batch-size", "1", "--repeats", "1", "--warmup",
                "0",
            ],
        ])
    func csvHasOneNumberPerColumn(command: [String]) async throws {
        let run = try await dvt(["bench"] + command + ["--format", "csv"])
        #expect(run.code == 0 && !run.output.contains("{"), "\(run.errors)")
        let rows = try csv(run.output)
        for key in ["median_ms", "min_ms", "p90_ms", "repeats"] {
            #expect(rows.allSatisfy { Double($0[key] ?? "") != nil }, "\(key)")
        }
    }
}

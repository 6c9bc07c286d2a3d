import DVTCheckpoints
import DVTCore
import DVTOpenCL
import Testing

/// `dvt parity`: both implementations against each other and against the authors' numbers.
@Suite(.needsProgram, .needsDevice, .timeLimit(.minutes(10)))
struct ParityCommandTests {
    struct Row: Decodable {
        let check: String
        let relativeL2: Double?
        let tolerance: Double?
        let differing: Int?
        let passed: Bool
        let device: String
    }

    @Test func openCLEqualsTheReference() async throws {
        let run = try await dvt("parity", "--model", "tiny-deit", "--format", "json")
        #expect(run.code == 0)
        let rows = try json(run.output, as: Row.self)
        #expect(rows.map(\.check) == ["logits0", "logits1", "logits2", "exits of 38 decisions"])
        #expect(rows.allSatisfy { $0.passed })
        #expect(rows.last?.differing == 0)
        #expect(run.errorLines.last == "4 checks passed")
    }

    /// PoCL compiles every kernel again to produce a program's binary, which no later run needs.
    private static let withoutCache = ["DVT_CACHE": "off"]

    /// Linear layers with every engine that `dvt tune` may choose on a CPU, and one on emulated
    /// matrix instructions, which are slow.
    @Test(
        arguments: LinearEngine.all.filter {
            !"\($0)".hasPrefix("mma-") || "\($0)" == "mma-16x32-4k"
        })
    func linearLayersMatchWithEveryEngine(engine: LinearEngine) async throws {
        let run = try await dvt(
            "parity", "--operations", "--filter", "linear ", "--linear-engine", "\(engine)",
            "--format", "json", environment: Self.withoutCache)
        #expect(run.code == 0, "\(run.errors)")
        #expect(try json(run.output, as: Row.self).count == 14)
    }

    /// `mixed` is a former name of float16.
    @Test(arguments: [("float16", 2e-3), ("mixed", 2e-3), ("bfloat16", 1.2e-2)])
    func sixteenBitsHaveTheirOwnTolerance(precision: String, tolerance: Double) async throws {
        let run = try await dvt(
            "parity", "--model", "tiny-deit", "--precision", precision, "--format", "json",
            environment: Self.withoutCache)
        #expect(run.code == 0, "\(run.errors)")
        let rows = try json(run.output, as: Row.self)
        #expect(rows.count == 4 && rows.prefix(3).allSatisfy { $0.tolerance == tolerance })
        let lossy = rows.prefix(3).allSatisfy { ($0.relativeL2 ?? 0) > 1e-5 }
        #expect(lossy)
    }

    /// No check is no success.
    @Test func filtersWithoutMatchesAreRefused() async throws {
        let run = try await dvt(
            "parity", "--operations", "--filter", "layernrom", needsKernels: false)
        #expect(run.code == 1 && run.output.isEmpty && run.errorLines.count == 1)
        #expect(
            run.errors.contains(
                "--filter: no operation of the catalog contains \"layernrom\"; did you mean layerNorm"
            ), "\(run.errors)")
    }

    @Test func operationsAreListed() async throws {
        let run = try await dvt(
            "parity", "--operations", "--list", "--filter", "logits", "--format", "csv",
            needsKernels: false)
        #expect(run.code == 0 && run.errors.isEmpty, "\(run.errors)")
        #expect(run.lines.first == "operation" && run.lines.count > 1)
        #expect(run.lines.dropFirst().allSatisfy { $0.contains("logits") })
        let model = try await dvt(
            "bench", "kernels", "--model", "tiny-deit", "--batch-size", "1", "--list", "--format",
            "csv",
            needsKernels: false)
        #expect(model.lines.count { $0.hasPrefix("attention ") } == 4, "\(model.output)")
    }

    /// A warning says that the processor has no AVX512-BF16, and what computes instead.
    @Test func aMaskedProcessorIsReported() async throws {
        var environment = Self.withoutCache
        environment["DVT_MASK_CPU_FEATURES"] = "avx512_bf16"
        let run = try await dvt(
            "parity", "--operations", "--filter", "logits", "--precision", "bfloat16",
            "--kernel-style", "vector", environment: environment)
        #expect(run.code == 0)
        #expect(
            run.errors.contains(
                "products are computed in float32: this processor has no AVX512-BF16"))
    }

    @Test(arguments: [
        (
            ["parity", "--operations", "--linear-engine", "clblast", "--precision", "float16"],
            "engine clblast does not compute in float16"
        ),
        (
            ["parity", "--model", "tiny-deit", "--gradients", "--precision", "float16"],
            "gradients are computed in float32 or bfloat16"
        ),
        (
            ["embed", "--precision", "bfloat16", "--device", "reference", "x.png"],
            "the reference computes in float32"
        ),
        (
            ["parity", "--model", "tiny-deit", "--device", "reference", "--precision", "float16"],
            "the reference computes in float32"
        ),
        (["bench", "peak", "--precision", "float16"], "peaks are measured in float32"),
        (["bench", "train", "--model", "tiny-deit", "--precision", "mixed"], "training runs in"),
    ])
    func precisionsThatDoNotApplyAreRefused(arguments: [String], message: String) async throws {
        let run = try await dvt(arguments)
        #expect(run.code != 0 && run.errors.contains(message), "\(run.errors)")
    }

    @Test func everyFormatHoldsTheResults() async throws {
        let lines = try await dvt("parity", "--model", "tiny-deit", "--format", "jsonl")
        #expect(try jsonLines(lines.output, as: Row.self).count == 4)
        let comma = try await dvt("parity", "--model", "tiny-deit", "--format", "csv")
        let fields = try csv(comma.output)
        #expect(fields.map { $0["passed"] } == Array(repeating: "true", count: 4))
        let titles = [
            "Check", "Relative L2", "Tolerance", "Largest error", "Differing", "Passed", "Device",
        ]
        let aligned = try table(try await dvt("parity", "--model", "tiny-deit").output)
        #expect(aligned.first == titles)
        #expect(aligned.dropFirst().map { $0[5] } == Array(repeating: "yes", count: 4))
        let marked = try await dvt("parity", "--model", "tiny-deit", "--format", "markdown")
        #expect(markdown(marked.output).map { $0[0] } == aligned.map { $0[0] })
    }

    @Test func layersAreCompared() async throws {
        let run = try await dvt("parity", "--model", "tiny-deit", "--layers", "--format", "json")
        #expect(run.code == 0)
        let checks = try json(run.output, as: Row.self).map(\.check)
        for name in ["embed", "block0.output", "block1.relation", "block1.norm2_input"] {
            #expect(checks.contains("stage2.\(name)"))
        }
    }

    @Test(arguments: [false, true], [false, true])
    func authorsLogitsAreMatched(features: Bool, relations: Bool) async throws {
        let file = Fixtures.logits(features: features, relations: relations)
        let run = try await dvt(
            "parity", "--model", "tiny-deit", "--expected", file, "--format", "json")
        #expect(run.code == 0)
        let rows = try json(run.output, as: Row.self)
        // Three logits each of the reference and of OpenCL, and the exits.
        #expect(rows.count == 7)
        #expect(rows.allSatisfy { $0.passed })
        #expect(rows.prefix(3).allSatisfy { $0.device.hasPrefix("reference") })
    }

    @Test func referenceAloneMatchesTheAuthors() async throws {
        let run = try await dvt(
            "parity", "--model", "tiny-deit", "--device", "reference", "--expected",
            Fixtures.logits(features: true, relations: false), "--format", "json")
        #expect(run.code == 0)
        #expect(try json(run.output, as: Row.self).count == 3)
    }

    @Test(.enabled(if: Fixtures.layers != nil, "no file of all intermediates in DVT_REFERENCE"))
    func authorsIntermediatesAreMatched() async throws {
        let file = try #require(Fixtures.layers)
        let run = try await dvt(
            "parity", "--model", "tiny-deit", "--layers", "--expected", file, "--format", "json")
        #expect(run.code == 0)
        let rows = try json(run.output, as: Row.self)
        #expect(rows.count > 40)
        #expect(rows.allSatisfy { $0.passed })
    }

    @Test func aWrongLogitIsDetected() async throws {
        let folder = try TemporaryFolder()
        let file = try SafetensorsFile(path: Fixtures.logits(features: false, relations: false))
        let tensors = try file.shapes.keys.sorted().map { name in
            var tensor = try file.tensor(named: name)
            tensor.values[0] += name == "logits1" ? 1e-3 : 0
            return (name: name, tensor: tensor)
        }
        let run = try await dvt(
            "parity", "--model", "tiny-deit", "--format", "json", "--expected",
            try Weights.file(tensors, metadata: file.metadata, in: folder))
        #expect(run.code == 1)
        let failed = try json(run.output, as: Row.self).filter { !$0.passed }
        #expect(failed.map(\.check) == ["logits1", "logits1"])
        #expect(run.errorLines.last == "2 of 7 checks FAILED")
    }

    @Test(arguments: [
        (["--seed", "2"], "was generated with another seed"),
        (["--batch-size", "3"], "has another batch size"),
        (["--feature-reuse", "on"], "other setting of --feature-reuse"),
        (["--relation-reuse", "on"], "other setting of --relation-reuse"),
        (["--layers"], "contains no intermediates to compare"),
    ])
    func filesMustMatchTheOptions(options: [String], fault: String) async throws {
        let file = Fixtures.logits(features: false, relations: false)
        let run = try await dvt(["parity", "--model", "tiny-deit", "--expected", file] + options)
        #expect(run.code == 1)
        #expect(run.output.isEmpty)
        #expect(run.errorLines.count == 1)
        #expect(run.errors.hasPrefix("Error: \(file): "), "\(run.errors)")
        #expect(run.errors.contains(fault), "\(run.errors)")
    }

    @Test func weightsAreNotLogits() async throws {
        let folder = try TemporaryFolder()
        let file = try Weights.file(Weights.synthetic(seed: 1), in: folder)
        let run = try await dvt("parity", "--model", "tiny-deit", "--expected", file)
        #expect(run.code == 1)
        #expect(run.output.isEmpty)
        #expect(run.errorLines.count == 1)
        #expect(run.errors.contains("has no tensor logits0 of shape [B, classes]"))
    }

    @Test(arguments: ["vector", "tile"])
    func everyOperationPasses(style: String) async throws {
        let run = try await dvt(
            "parity", "--operations", "--small", "--kernel-style", style, "--format", "json",
            environment: Self.withoutCache)
        #expect(run.code == 0)
        let rows = try json(run.output, as: Row.self)
        #expect(rows.count > 20)
        #expect(rows.allSatisfy { $0.passed })
        #expect(run.errorLines.first?.hasSuffix(", \(style) kernels") == true)
    }
}

import OpenCLRuntime
import Testing

/// `dvt devices`, with and without devices.
@Suite(.needsProgram, .timeLimit(.minutes(10)))
struct DevicesCommandTests {
    struct Row: Decodable {
        let index: Int
        let `default`: Bool
        let name: String
        let type: String
        let platform: String
        let computeUnits: Int
        let globalMemoryBytes: Int
        let extensions: [String]
    }

    @Test(.needsDevice) func listsDevices() async throws {
        let run = try await dvt("devices", "--format", "json", needsKernels: false)
        #expect(run.code == 0)
        let rows = try json(run.output, as: Row.self)
        #expect(rows.map(\.index) == Array(0..<rows.count))
        #expect(rows.count { $0.default } == 1)
        #expect(rows.allSatisfy { !$0.name.isEmpty && $0.computeUnits > 0 })
        #expect(rows.allSatisfy { $0.globalMemoryBytes > 0 && !$0.extensions.isEmpty })
        #expect(run.errorLines.contains { $0.hasPrefix("loader: ") })
        #expect(run.errorLines.contains { $0.hasPrefix("driver") })
    }

    /// The trial of AVX512-BF16 ends its own process where the processor lacks the instruction, and
    /// only that one.
    @Test(.needsDevice) func theTrialOfAnInstructionIsAProcess() async throws {
        let trial = try await dvt(
            "try-bfloat16", "0", environment: ["DVT_CACHE": "off"], needsKernels: false)
        #expect((trial.code == 0) == ProcessorFeatures.has("avx512_bf16"), "\(trial.errors)")
        let run = try await dvt(
            "devices", environment: ["DVT_MASK_CPU_FEATURES": "avx512_bf16"], needsKernels: false)
        #expect(run.code == 0)
        if try Device.all().contains(where: { $0.types.contains(.cpu) }) {
            #expect(run.errors.contains(": this processor has no AVX512-BF16"))
        }
    }

    @Test(.needsDevice) func tableHasARowForEach() async throws {
        let machine = try await dvt("devices", "--format", "json", needsKernels: false)
        let devices = try json(machine.output, as: Row.self)
        let rows = try table(try await dvt("devices", needsKernels: false).output)
        #expect(rows[0].prefix(3) == ["Index", "Default", "Name"])
        #expect(rows.dropFirst().map { $0[2] } == devices.map(\.name))
        #expect(rows.dropFirst().map { $0[1] } == devices.map { $0.default ? "yes" : "no" })
    }

    @Test(.needsDevice, arguments: [("0", [0]), ("nonesuch", [])])
    func environmentChoosesTheDefault(choice: String, defaults: [Int]) async throws {
        let run = try await dvt(
            "devices", "--format", "json", environment: ["DVT_DEVICE": choice],
            needsKernels: false)
        #expect(run.code == 0)
        let rows = try json(run.output, as: Row.self)
        #expect(rows.filter { $0.default }.map(\.index) == defaults)
    }

    @Test func advisesWhereThereIsNoDevice() async throws {
        let folder = try TemporaryFolder()
        let run = try await dvt(
            "devices", "--format", "json", environment: ["OCL_ICD_VENDORS": folder.path],
            needsKernels: false)
        #expect(run.code == 1)
        #expect(run.output == "[]\n")
        #expect(run.errorLines.contains { $0.hasPrefix("error: no OpenCL platform") })
        let advice = run.errorLines.filter { $0.hasPrefix("advice: ") }
        #expect(advice.contains { $0.contains("OCL_ICD_VENDORS is set to \(folder.path)") })
        #expect(advice.contains { $0.contains("pocl-opencl-icd") })
    }

    @Test func otherCommandsReportMissingDevicesInOneLine() async throws {
        let folder = try TemporaryFolder()
        let run = try await dvt(
            "classify", "--model", "tiny-deit", "--weights", "synthetic:1", Fixtures.photo(1),
            environment: ["OCL_ICD_VENDORS": folder.path],
            needsKernels: false)
        #expect(run.code == 1)
        #expect(run.output.isEmpty)
        #expect(run.errorLines.count == 1)
        #expect(run.errorLines.first?.hasPrefix("Error: no OpenCL platform found; ") == true)
    }

    @Test func referenceNeedsNoDevice() async throws {
        let folder = try TemporaryFolder()
        let run = try await dvt(
            "classify", "--model", "tiny-deit", "--weights", "synthetic:50", "--device",
            "reference", "--format", "json", Fixtures.photo(1),
            environment: ["OCL_ICD_VENDORS": folder.path],
            needsKernels: false)
        #expect(run.code == 0)
        #expect(try json(run.output, as: ClassifyRow.self).map(\.exit) == [0])
    }
}

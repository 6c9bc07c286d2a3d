import DVTCore
import DVTSupport
import DVTTestSupport
import OpenCLRuntime
import Testing

@testable import DVTOpenCL

/// How the arithmetic of 16-bit products is chosen.
@MainActor
@Suite(.enabled(if: TestDevice.isAvailable, Comment(rawValue: TestDevice.comment)))
struct ArithmeticTests {
    private func context() throws -> Context {
        try Context(device: DeviceSelector("cpu").device(), diskCache: .off(reason: "test"))
    }

    /// Tensors are in the requested precision even where products are computed in float32.
    @Test(arguments: [Precision.float16, .bfloat16], KernelStyle.allCases)
    func theReasonForFloat32ProductsIsGiven(precision: Precision, style: KernelStyle) throws {
        let backend = try OpenCLBackend(
            context: context(), kernelStyle: style, precision: precision)
        #expect(backend.precision == precision)
        let expected =
            switch (precision, style) {
            case (_, .tile): "has no matrix instructions that dvt supports"
            case (.float16, _): "CPUs do not sum products of float16 in float32"
            // This process has no program for the trial.
            default: "AVX512-BF16"
            }
        #expect(backend.precisionProblem?.contains(expected) == true)
    }

    @Test func float32HasNoProblem() throws {
        let backend = try OpenCLBackend(context: context(), kernelStyle: .vector)
        #expect(backend.precisionProblem == nil && backend.bfloat16Dot == nil)
    }

    /// Only a trial that ends well, with the right result, allows the instruction.
    @Test func trialsHaveReasons() {
        #expect(BFloat16Dot.outcome(.exited(0)) == BFloat16Dot.passed)
        #expect(BFloat16Dot.outcome(.exited(1))?.contains("exit code 1") == true)
        #expect(BFloat16Dot.outcome(.signaled(6))?.contains("signal 6") == true)
        #expect(BFloat16Dot.outcome(.timedOut)?.contains("seconds") == true)
        #expect(BFloat16Dot.outcome(.notStarted) == nil)
    }

    /// The instruction itself, where the processor has it; elsewhere it is emulated.
    @Test(
        .enabled(
            if: ProcessorFeatures.has("avx512_bf16"), "this processor has no AVX512-BF16"))
    func theInstructionIsExact() throws {
        #expect(try BFloat16Dot.trialError(on: context()) <= BFloat16Dot.tolerance)
    }
}

import COpenCL
import Testing

@testable import OpenCLRuntime

struct OpenCLErrorTests {
    @Test
    func callsAreNamedWithStatusAndRemedy() {
        let error = OpenCLError.callFailed(
            function: "clCreateBuffer", status: CL_MEM_OBJECT_ALLOCATION_FAILURE)
        #expect(
            error.description == "clCreateBuffer returned CL_MEM_OBJECT_ALLOCATION_FAILURE (-4): "
                + "the device's memory is full; use a smaller batch")
    }

    @Test
    func unknownStatusKeepsItsNumber() {
        let error = OpenCLError.callFailed(function: "clFinish", status: -777)
        #expect(error.description == "clFinish returned status -777 (-777)")
    }

    @Test
    func namesAgreeWithTheHeader() {
        let pairs: [(Int32, String)] = [
            (CL_SUCCESS, "CL_SUCCESS"),
            (CL_OUT_OF_RESOURCES, "CL_OUT_OF_RESOURCES"),
            (CL_BUILD_PROGRAM_FAILURE, "CL_BUILD_PROGRAM_FAILURE"),
            (CL_KERNEL_ARG_INFO_NOT_AVAILABLE, "CL_KERNEL_ARG_INFO_NOT_AVAILABLE"),
            (CL_INVALID_VALUE, "CL_INVALID_VALUE"),
            (CL_INVALID_KERNEL_ARGS, "CL_INVALID_KERNEL_ARGS"),
            (CL_INVALID_WORK_GROUP_SIZE, "CL_INVALID_WORK_GROUP_SIZE"),
            (CL_INVALID_BUFFER_SIZE, "CL_INVALID_BUFFER_SIZE"),
            (CL_INVALID_SPEC_ID, "CL_INVALID_SPEC_ID"),
            (CL_MAX_SIZE_RESTRICTION_EXCEEDED, "CL_MAX_SIZE_RESTRICTION_EXCEEDED"),
            (CL_PLATFORM_NOT_FOUND_KHR, "CL_PLATFORM_NOT_FOUND_KHR"),
        ]
        for (status, name) in pairs {
            #expect(OpenCLStatus.name(status) == name)
        }
    }

    @Test
    func errorsWithoutBuildLogsAreOneLine() {
        let errors: [OpenCLError] = [
            .noPlatform, .noDevice(selector: "gpu", available: []),
            .ambiguousDevice(selector: "x", candidates: ["a", "b"]),
            .callFailed(function: "f", status: -5),
            .kernelNotFound(kernel: "k", program: "p", available: []),
            .bufferTooLarge(byteCount: 2, limit: 1),
            .outsideBuffer(offset: 1, byteCount: 2, bufferByteCount: 2),
            .argumentCount(kernel: "k", expected: 1, given: 2),
            .argumentRefused(kernel: "k", index: 0, argument: "int 1", status: -51),
            .workSize(kernel: "k", global: [1], local: []),
            .workGroupTooLarge(kernel: "k", local: [8], limit: [4]),
            .workGroupFixed(kernel: "k", local: [8], required: [4, 1, 1]),
        ]
        for error in errors {
            #expect(error.description.count > 20)
            #expect(!error.description.contains("\n"))
        }
    }

    @Test
    func buildLogsFollowASummaryLine() {
        let error = OpenCLError.buildFailed(
            program: "gelu", options: "-cl-std=CL1.2", log: "one\ntwo")
        #expect(
            error.description == "program 'gelu' did not build with options '-cl-std=CL1.2'; "
                + "the log follows\none\ntwo")
    }

    @Test(.needsDevice)
    func buildLogsAreComplete() throws {
        let context = try makeContext()
        let mistakes = (0..<12).map { "int f\($0)(int x) { return unknown_name_\($0); }" }
        let error = #expect(throws: OpenCLError.self) {
            try context.program(name: "broken", source: mistakes.joined(separator: "\n"))
        }
        guard case .buildFailed("broken", "-cl-std=CL1.2", let log) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        for index in mistakes.indices {
            #expect(log.contains("unknown_name_\(index)"))
        }
        #expect(context.statistics.programsCompiled == 0)
    }
}

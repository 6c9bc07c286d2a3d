import Testing

@testable import OpenCLRuntime

struct DeviceSelectorTests {
    private let cpu = DeviceSummary(
        name: "pthread-EPYC", platformName: "Portable Computing Language", types: .cpu)
    private let h200 = DeviceSummary(
        name: "NVIDIA H200", platformName: "NVIDIA CUDA", types: .gpu)
    private let a100 = DeviceSummary(
        name: "NVIDIA A100", platformName: "NVIDIA CUDA", types: .gpu)
    private let a100Large = DeviceSummary(
        name: "NVIDIA A100 80GB", platformName: "NVIDIA CUDA", types: .gpu)

    @Test(
        arguments: [
            (nil, .automatic), ("", .automatic), (" auto ", .automatic), ("AUTO", .automatic),
            ("0", .index(0)), ("12", .index(12)), ("-1", .index(-1)), ("gpu", .gpu),
            ("GPU", .gpu), ("cpu", .cpu), ("H200", .name("H200")), ("gpu 1", .name("gpu 1")),
            (" Arc A770 ", .name("Arc A770")),
        ] as [(String?, DeviceSelector)])
    func readsText(text: String?, expected: DeviceSelector) {
        #expect(DeviceSelector(text) == expected)
    }

    @Test(
        arguments: [
            ("auto", 1), ("0", 0), ("2", 2), ("gpu", 1), ("cpu", 0), ("h200", 1), ("EPYC", 0),
            ("portable", 0), ("nvidia a100", 2), ("80gb", 3),
        ])
    func choosesDevices(text: String, expected: Int) throws {
        let devices = [cpu, h200, a100, a100Large]
        #expect(try DeviceSelector(text).index(in: devices) == expected)
    }

    @Test
    func automaticUsesAnyDevice() throws {
        #expect(try DeviceSelector.automatic.index(in: [cpu]) == 0)
        let other = DeviceSummary(name: "FPGA", platformName: "P", types: .accelerator)
        #expect(try DeviceSelector.automatic.index(in: [other, cpu]) == 0)
    }

    @Test(arguments: ["gpu", "1", "-1", "H200"])
    func missingDeviceIsAnErrorThatListsTheOthers(text: String) {
        let expected = OpenCLError.noDevice(
            selector: text, available: ["0 = pthread-EPYC (CPU, Portable Computing Language)"])
        #expect(throws: expected) { try DeviceSelector(text).index(in: [cpu]) }
        #expect(
            expected.description == "no OpenCL device matches '\(text)'; available: "
                + "0 = pthread-EPYC (CPU, Portable Computing Language)")
    }

    @Test(arguments: ["auto", "gpu", "cpu", "0", "x"])
    func machinesWithoutDevicesAreErrors(text: String) {
        #expect(throws: OpenCLError.noDevice(selector: text, available: [])) {
            try DeviceSelector(text).index(in: [])
        }
    }

    @Test
    func ambiguousNameListsCandidates() {
        let expected = OpenCLError.ambiguousDevice(
            selector: "nvidia",
            candidates: [
                "1 = NVIDIA H200 (GPU, NVIDIA CUDA)", "2 = NVIDIA A100 (GPU, NVIDIA CUDA)",
            ])
        #expect(throws: expected) {
            try DeviceSelector("nvidia").index(in: [cpu, h200, a100])
        }
        #expect(throws: OpenCLError.self) {
            try DeviceSelector("NVIDIA H200").index(in: [h200, h200])
        }
    }

    @Test
    func kindsHaveReadableNames() {
        #expect(DeviceTypes([.gpu, .cpu]).description == "GPU+CPU")
        #expect(DeviceTypes([]).description == "unknown")
    }
}

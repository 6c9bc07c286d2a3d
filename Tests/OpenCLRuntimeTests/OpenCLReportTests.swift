import Testing

@testable import OpenCLRuntime

struct GPUHardwareTests {
    private let root: TemporaryFolder

    init() throws {
        root = try TemporaryFolder()
    }

    private func hardware(mayUse: Bool = true) -> [GPUHardware] {
        GPUHardware.all(in: FileTree(root: root.path) { _ in mayUse })
    }

    private func addCard(_ number: Int, vendor: String, node: String?) throws {
        let card = "sys/class/drm/card\(number)"
        try root.write("\(card)/device/vendor", "\(vendor)\n")
        if let node {
            try root.write("\(card)/device/drm/\(node)/dev")
        }
    }

    @Test
    func bareMachinesHaveNoGPU() {
        #expect(hardware().isEmpty)
    }

    @Test
    func seesNVIDIADevices() throws {
        try root.write("proc/driver/nvidia/version", "NVRM version")
        for name in ["nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm"] {
            try root.write("dev/\(name)")
        }
        try addCard(0, vendor: "0x10de", node: "renderD128")
        #expect(hardware().map(\.location) == ["/dev/nvidia0", "/dev/nvidia1"])
        #expect(hardware().allSatisfy { $0.vendor == .nvidia && $0.problem == nil })
        #expect(
            hardware(mayUse: false)[0].problem == "this user lacks permission to open /dev/nvidia0")
    }

    @Test
    func seesAContainerWithoutItsGPU() throws {
        try root.write("proc/driver/nvidia/version", "NVRM version")
        #expect(hardware().count == 1)
        #expect(hardware()[0].problem?.contains("--gpus all") == true)
    }

    @Test
    func seesNVIDIAWithoutItsKernelDriver() throws {
        try addCard(0, vendor: "0x10de", node: nil)
        #expect(hardware().map(\.location) == ["/sys/class/drm/card0"])
        #expect(hardware()[0].problem?.contains("kernel driver is not loaded") == true)
    }

    @Test
    func seesOtherMakersCards() throws {
        try addCard(0, vendor: "0x1002", node: "renderD128")
        try addCard(1, vendor: "0x8086", node: "renderD129")
        try addCard(2, vendor: "0x1a03", node: nil)
        try root.write("sys/class/drm/card0-HDMI-A-1/status")
        try root.write("dev/dri/renderD128")
        let seen = hardware()
        #expect(seen.map(\.vendor) == [.amd, .intel])
        #expect(seen[0].problem == nil)
        #expect(seen[1].problem?.hasPrefix("there is no /dev/dri/renderD129") == true)
        #expect(
            hardware(mayUse: false)[0].problem
                == "this user lacks permission to open /dev/dri/renderD128; "
                + "add the user to group render")
    }
}

struct AdviceTests {
    private func lines(
        drivers: [OpenCLReport.Driver] = [], hardware: [GPUHardware] = [],
        platforms: [Discovery.Entry] = [], unregistered: [String] = [], userSource: String? = nil
    ) -> [String] {
        Advice(
            drivers: drivers, hardware: hardware, platforms: platforms,
            unregistered: unregistered, userSource: userSource
        ).lines
    }

    private let cpuLine = "no OpenCL device: to run on the CPU, install pocl-opencl-icd"

    @Test
    func aBareMachineGetsTheCPUDriver() {
        #expect(lines() == [cpuLine])
    }

    @Test(
        arguments: [
            (GPUVendor.nvidia, "nvidia-opencl-icd"),
            (.amd, "rocm-opencl-icd or mesa-opencl-icd"), (.intel, "intel-opencl-icd"),
        ])
    func aGPUWithoutADriverGetsItsPackage(vendor: GPUVendor, packages: String) {
        let gpu = GPUHardware(vendor: vendor, location: "/dev/x", problem: nil)
        #expect(
            lines(hardware: [gpu]) == [
                "\(vendor.name) GPU without an OpenCL driver: install \(packages)", cpuLine,
            ])
    }

    @Test
    func aDriverWithoutARegistrationGetsTheFile() {
        let gpu = GPUHardware(vendor: .nvidia, location: "/dev/nvidia0", problem: nil)
        let library = "/usr/lib64/libnvidia-opencl.so.1"
        let expected =
            "NVIDIA's driver is installed but not registered: "
            + "echo \(library) > /etc/OpenCL/vendors/nvidia.icd"
        #expect(lines(hardware: [gpu], unregistered: [library]).first == expected)
    }

    @Test
    func aGPUThatCannotBeUsedComesFirst() {
        let gpu = GPUHardware(vendor: .amd, location: "/sys/card0", problem: "no")
        #expect(lines(hardware: [gpu]) == ["AMD GPU at /sys/card0: no", cpuLine])
    }

    @Test
    func aBrokenRegistrationIsNamed() {
        let driver = OpenCLReport.Driver(path: "/v/a.icd", library: "a.so", problem: "missing")
        #expect(
            lines(drivers: [driver]).first
                == "/v/a.icd names a driver that does not load: missing")
    }

    @Test
    func variablesWithoutATargetAreNamed() {
        #expect(
            lines(userSource: "/x").first
                == "OCL_ICD_VENDORS is set to /x, which holds no driver; unset it")
    }
}

struct OpenCLReportTests {
    @Test
    func readsAFakeMachine() throws {
        let root = try TemporaryFolder()
        try root.write("etc/OpenCL/vendors/a.icd", "libgood.so")
        try root.write("etc/OpenCL/vendors/b.icd", "libbad.so")
        try root.write("etc/OpenCL/vendors/c.icd", "")
        try root.write("dev/nvidia0")
        try root.write("usr/lib64/libnvidia-opencl.so.1")
        let report = OpenCLReport(
            files: FileTree(root: root.path) { _ in true },
            environment: EnvironmentVariables(["HOME": "/h"]),
            loadProblem: { $0 == "libgood.so" ? nil : "\($0): cannot open" })
        #expect(report.driverSource == "/etc/OpenCL/vendors")
        #expect(
            report.drivers.map(\.problem)
                == [nil, "libbad.so: cannot open", "the file names no library"])
        #expect(report.hardware.map(\.location) == ["/dev/nvidia0"])
        #expect(report.diskCache == .folder("/h/.cache/dvt"))
        #expect(report.advice.contains { $0.contains("/etc/OpenCL/vendors/b.icd") })
    }

    @Test(.needsDevice)
    func readsThisMachine() throws {
        let report = OpenCLReport()
        #expect(report.platforms.flatMap(\.devices) == (try Device.all()))
        #expect(report.failure == nil)
        #expect(report.drivers.contains { $0.problem == nil })
    }

    @Test
    func reportsWhyALibraryDoesNotLoad() {
        let problem = OpenCLReport.loadProblem("libdvt-no-such-driver.so")
        #expect(problem?.contains("libdvt-no-such-driver.so") == true)
    }
}

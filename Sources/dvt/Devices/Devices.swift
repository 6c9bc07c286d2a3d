import ArgumentParser
import DVTCore
import DVTOpenCL
import DVTOutput
import DVTSupport
import OpenCLRuntime

struct Devices: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List OpenCL devices and diagnose missing drivers.",
        discussion: """
            Examples:
              dvt devices
              dvt devices --format json

            The default device is used without --device: $DVT_DEVICE if set, otherwise the first \
            GPU, otherwise the first other device.

            The list goes to standard output; JSON and CSV have more columns. Diagnostics of \
            loaders, drivers and hardware, and the packages to install, go to standard error. The \
            exit code is 1 if there is no device.
            """)

    @OptionGroup var outputOptions: OutputOptions

    func run() throws {
        let report = OpenCLReport()
        let devices = report.platforms.flatMap(\.devices)
        let selector = DeviceSelector(environment("DVT_DEVICE"))
        let chosen = try? selector.index(in: devices.map(\.summary))
        try outputOptions.withWriter(Self.columns) { writer in
            for (index, device) in devices.enumerated() {
                try writer.write(Self.row(index, device, isDefault: index == chosen))
            }
        }
        for line in report.lines + devices.enumerated().compactMap(Self.bfloat16Line) {
            printError(line)
        }
        guard !devices.isEmpty else { throw ExitCode.failure }
    }

    /// Whether a CPU multiplies bfloat16 numbers; the first call on a device tries it.
    private static func bfloat16Line(_ index: Int, _ device: Device) -> String? {
        guard device.types.contains(.cpu) else { return nil }
        do {
            let problem = BFloat16Dot.problem(on: try Context(device: device))
            return "bfloat16: device \(index): \(problem ?? "AVX512-BF16")"
        } catch {
            return "bfloat16: device \(index): \(error)"
        }
    }

    private static let columns: [OutputColumn] = [
        .number("index", title: "Index"),
        OutputColumn("default", title: "Default"),
        OutputColumn("name", title: "Name"),
        OutputColumn("type", title: "Type"),
        OutputColumn("platform", title: "Platform"),
        OutputColumn("driver_version", title: "Driver"),
        OutputColumn("opencl_c_version", audience: .machines),
        .number("compute_units", title: "Compute units"),
        .number("clock_mhz", audience: .machines),
        .number("global_memory_bytes", title: "Memory, GiB", decimals: 1, forPeople: gibibytes),
        .number("max_allocation_bytes", audience: .machines),
        .number("local_memory_bytes", audience: .machines),
        OutputColumn("local_memory_is_dedicated", audience: .machines),
        .number("max_work_group_size", audience: .machines),
        .number("memory_base_alignment_bytes", audience: .machines),
        .number("preferred_float_vector_width", audience: .machines),
        .number("profiling_timer_resolution_ns", audience: .machines),
        OutputColumn("vendor", audience: .machines),
        OutputColumn("version", audience: .machines),
        OutputColumn("extensions", audience: .machines),
    ]

    private static func row(_ index: Int, _ device: Device, isDefault: Bool) -> [OutputValue] {
        [
            .int(index), .bool(isDefault), .string(device.name),
            .string("\(device.types)"), .string(device.platform.name),
            .string(device.driverVersion), .string(device.openCLCVersion),
            .int(device.computeUnits), .int(device.clockMegahertz),
            .int(device.globalMemoryBytes), .int(device.maxAllocationBytes),
            .int(device.localMemoryBytes), .bool(device.localMemoryIsDedicated),
            .int(device.maxWorkGroupSize), .int(device.memoryBaseAlignmentBytes),
            .int(device.preferredFloatVectorWidth),
            .int(device.profilingTimerResolutionNanoseconds), .string(device.vendor),
            .string(device.version),
            .array(device.extensions.sorted().map { .string($0) }),
        ]
    }

    @Sendable private static func gibibytes(_ value: OutputValue) -> OutputValue {
        if case .int(let count) = value { .double(Double(count) / 1_073_741_824) } else { value }
    }
}

extension OpenCLReport {
    /// The diagnostics, one line each.
    fileprivate var lines: [String] {
        var lines = ["loader: " + (loader.map { "\($0.name) \($0.version)" } ?? "unknown")]
        lines.append("drivers: registered in \(driverSource)")
        lines += drivers.map { driver in
            "driver: \(driver.path) names \(driver.library)"
                + (driver.problem.map { ", which does not load: \($0)" } ?? "")
        }
        lines += preparations.map { "set: \($0.variable)=\($0.value) (\($0.reason))" }
        lines += platforms.filter { $0.devices.isEmpty && $0.failure == nil }.map { entry in
            "platform: \(entry.platform.name) has no devices"
        }
        lines += platforms.compactMap { entry in
            entry.failure.map { "platform: \(entry.platform.name) failed: \($0)" }
        }
        lines += hardware.map { gpu in
            "hardware: \(gpu.vendor.name) GPU at \(gpu.location)"
                + (gpu.problem.map { "; \($0)" } ?? "")
        }
        if let failure { lines.append("error: \(failure)") }
        return lines + advice.map { "advice: \($0)" }
    }
}

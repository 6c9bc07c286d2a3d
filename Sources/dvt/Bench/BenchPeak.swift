import ArgumentParser
import DVTCore
import DVTEvaluation
import DVTOpenCL
import DVTOutput
import DVTParity
import DVTSupport
import OpenCLRuntime

struct BenchPeak: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "peak",
        abstract: "Measure what a device can do at most, and what a launch costs.",
        discussion: """
            Examples:
              dvt bench peak
              dvt bench peak --device gpu --format json

            `fma` is float32 multiply-adds on registers, two operations each; `copy` one between \
            two buffers of 256 MiB (less where the device has less memory), read and written \
            bytes; both are the fastest run of the fastest kernel. `launch` is an empty kernel \
            from enqueueing it to its end, `queued launch` one in a queue of 1000; both are \
            medians. The two rates are remembered for `dvt bench kernels`.
            """)

    @Flag(help: "Only sizes that a simulator such as Oclgrind can run; their values mean nothing.")
    var small = false

    @OptionGroup var compareOptions: CompareOptions
    @OptionGroup var outputOptions: OutputOptions
    @OptionGroup var deviceOptions: DeviceOptions

    func validate() throws {
        guard deviceOptions.kernelStyle == nil else {
            throw ValidationError("--kernel-style has no part here: both styles are measured.")
        }
    }

    func run() throws {
        let comparison = try compareOptions.comparison(of: .peak)
        let context = try deviceOptions.makeContext()
        let setting = BenchSetting(device: context.device.nameAndDriver)
        printError("device: \(setting.device)")
        let meter = try PeakMeter(
            context: context, buildOptions: deviceOptions.buildOptions, isSmall: small)
        let measurements = try meter.measure()
        if !small {
            DevicePeak(measurements).remember(on: context)
        }
        let progress = ProgressReporter(
            label: "bench", unit: "ceilings", total: measurements.count, isQuiet: true)
        let report = BenchReport(
            columns: Self.columns, setting: setting, comparison: comparison)
        try report.print(outputOptions, progress: progress) { write in
            for measurement in measurements { try write(Self.row(measurement)) }
        }
    }

    private static let columns: [OutputColumn] = [
        OutputColumn("measurement", title: "Measured"),
        .number("value", title: "Value", decimals: 1),
        OutputColumn("unit", title: "Unit"),
        OutputColumn("kernel", title: "Kernel"),
        .number("work", audience: .machines),
        OutputColumn("step_time_ms", audience: .machines),
    ]

    private static func row(_ measurement: PeakMeasurement) -> [OutputValue] {
        [
            .string(measurement.quantity.rawValue), .double(measurement.value),
            .string(measurement.quantity.unit), .string(measurement.kernel),
            .int(measurement.work), TimeStatistics(measurement.milliseconds).record,
        ]
    }
}

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
        abstract: "Measure a device's peak FLOP/s, memory bandwidth and launch overhead.",
        usage: "dvt bench peak [<options>]",
        discussion: """
            Examples:
              dvt bench peak
              dvt bench peak --device gpu --format json

            fma: float32 multiply-adds on registers, two operations each. bfloat16 dot: products \
            of pairs of bfloat16 numbers, four operations each, on CPUs with AVX512-BF16. 16-bit \
            matrix: products by matrix instructions of GPUs, measured with float16 numbers. \
            float32 matrix: the same of float32 numbers, each as three products of TF32. copy: a \
            copy between two buffers of 256 MiB (less on devices with less memory), bytes read \
            plus bytes written. All these report the fastest run of the fastest kernel. launch: \
            an empty kernel, from enqueueing to completion. queued launch: the same in a queue of \
            1000. Both report medians. The rates are cached for `dvt bench kernels`, and that of \
            16-bit matrices for the choice of tiles where nothing was tuned.
            """)

    @Flag(help: "Use sizes small enough for a simulator such as Oclgrind; values are meaningless.")
    var small = false

    @OptionGroup var compareOptions: CompareOptions
    @OptionGroup var outputOptions: OutputOptions
    @OptionGroup var deviceOptions: DeviceOptions

    func validate() throws {
        try deviceOptions.requireFloat32(for: "peaks are measured")
        guard deviceOptions.kernelStyle == nil else {
            throw ValidationError("--kernel-style does not apply: both styles are measured.")
        }
    }

    func run() throws {
        let comparison = try compareOptions.comparison(of: .peak)
        let context = try deviceOptions.makeContext()
        let setting = BenchSetting(device: context.device.nameAndDriver)
        printError("device: \(setting.device)")
        let meter = try PeakMeter(
            context: context, buildOptions: deviceOptions.buildOptions,
            instructions: ProductInstructions(on: context, emulated: small), isSmall: small)
        let measurements = try meter.measure()
        if !small {
            DevicePeak(measurements).remember(on: context)
        }
        let progress = ProgressReporter(
            label: "bench", unit: "measurements", total: measurements.count, isQuiet: true)
        let report = BenchReport(
            columns: Self.columns, setting: setting, comparison: comparison)
        try report.print(outputOptions, progress: progress) { write in
            for measurement in measurements { try write(Self.row(measurement), report.setting) }
        }
    }

    private static let columns: [OutputColumn] =
        [
            OutputColumn("measurement", title: "Measurement"),
            .number("value", title: "Value", decimals: 1),
            OutputColumn("unit", title: "Unit"),
            OutputColumn("kernel", title: "Kernel"),
            .number("work", audience: .machines),
        ] + TimeColumns(key: "step_time_ms", shown: []).columns

    private static func row(_ measurement: PeakMeasurement) -> [OutputValue] {
        [
            .string(measurement.quantity.rawValue), .double(measurement.value),
            .string(measurement.quantity.unit), .string(measurement.kernel),
            .int(measurement.work),
        ] + TimeStatistics(measurement.milliseconds).values
    }
}

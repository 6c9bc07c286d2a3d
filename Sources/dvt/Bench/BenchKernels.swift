import ArgumentParser
import DVTCore
import DVTEvaluation
import DVTModel
import DVTOpenCL
import DVTOperations
import DVTOutput
import DVTParity
import DVTSupport
import OpenCLRuntime

struct BenchKernels: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kernels",
        abstract: "Time the kernels of a model's operations at its own sizes.",
        discussion: """
            Examples:
              dvt bench kernels --model dvt-deit-small --batch-size 8
              dvt bench kernels --model dvt-deit-small --filter attention --format csv

            Each operation is the description that the tests run. Times go from enqueueing to the \
            end of the work; `In the stage` is how often the stage runs it times the median. \
            `Device, ms` is the time of its kernels alone, by the device's clock, in runs of their \
            own. `Of peak` is GFLOP/s, or GB/s without any, by what `dvt bench peak` measures; it \
            runs first if the device's peak is not known.
            """,
        aliases: ["operations"])

    @Option(
        help: ArgumentHelp("The model: a name or a JSON file.", valueName: "name|file.json"),
        completion: .list(CascadeConfiguration.names))
    var model: String

    @OptionGroup var reuse: ReuseOptions
    @OptionGroup var repeatOptions: RepeatOptions

    @Option(help: "Only operations whose name and sizes contain this.")
    var filter: String?

    @Option(help: "How long to repeat each operation, milliseconds.")
    var time = 200.0

    @OptionGroup var compareOptions: CompareOptions
    @OptionGroup var outputOptions: OutputOptions
    @OptionGroup var deviceOptions: DeviceOptions

    func run() throws {
        let configuration = try reuse.applied(to: ModelCard.given(model).configuration)
        let operations = repeatOptions.batchSizes.flatMap { batch in
            configuration.operations(batch: batch).map { (batch: batch, counted: $0) }
        }.filter { filter.map($0.counted.operation.label.contains) ?? true }
        let comparison = try compareOptions.comparison(of: .kernels)
        let backend = try deviceOptions.makeOpenCLBackend()
        printError("device: \(backend.deviceName), \(backend.kernelStyle.rawValue) kernels")
        let peak = try peak(of: backend.context)
        let progress = ProgressReporter(
            label: "bench", unit: "operations", total: operations.count, isQuiet: false)
        let report = BenchReport(
            columns: Self.columns, setting: BenchSetting(backend), comparison: comparison)
        var isPartial = false
        try report.print(outputOptions, progress: progress) { write in
            for (batch, counted) in operations {
                let measured = try measure(counted.operation, on: backend)
                isPartial = isPartial || measured.isPartial
                try write(Self.row(configuration.name, batch, counted, measured, peak))
                progress.advance()
            }
        }
        if isPartial {
            printError(
                """
                note: of CLBlast's products the device's time has the last kernel alone, not the \
                copies and padding before it
                """)
        }
    }

    private func peak(of context: Context) throws -> DevicePeak {
        let remembered = DevicePeak.remembered(on: context)
        let peak = try remembered ?? measuredPeak(of: context)
        printError(
            """
            peak: \(decimalText(peak.gigaflops, decimals: 1)) GFLOP/s, \
            \(decimalText(peak.gigabytes, decimals: 1)) GB/s, \
            \(remembered == nil ? "measured now" : "remembered; dvt bench peak measures it anew")
            """)
        return peak
    }

    private func measuredPeak(of context: Context) throws -> DevicePeak {
        let meter = try PeakMeter(context: context, buildOptions: deviceOptions.buildOptions)
        let peak = DevicePeak(try meter.measure())
        peak.remember(on: context)
        return peak
    }

    /// What one operation took.
    private struct Measured {
        let time: TimeStatistics
        /// Of its kernels, by the device's clock.
        let deviceTime: TimeStatistics
        let launches: Int
        let isPartial: Bool
    }

    /// Times an operation by the wall clock, and then its kernels by their events.
    private func measure(
        _ operation: any Operation, on backend: OpenCLBackend
    ) throws -> Measured {
        let benchmark = try OperationBenchmark(operation, on: backend)
        let time = try benchmark.time(repeats: repeatOptions.repeats, milliseconds: time)
        let works = try (0..<min(repeatOptions.repeats, 20)).map { _ in
            try backend.profile(benchmark.run)
        }
        return Measured(
            time: time, deviceTime: TimeStatistics(works.map(\.milliseconds)),
            launches: works[0].launches, isPartial: works[0].isPartial)
    }

    private static let columns: [OutputColumn] = [
        OutputColumn("model", audience: .machines),
        .number("stage", title: "Stage", forPeople: OutputValue.oneBased),
        .number("batch_size", title: "Batch"),
        OutputColumn("operation", title: "Operation"),
        .number("count", title: "Times"),
        OutputColumn("step_time_ms", audience: .machines),
        .number("median_ms", title: "Median, ms", decimals: 3, audience: .people),
        .number("min_ms", title: "Least", decimals: 3, audience: .people),
        OutputColumn("device_time_ms", audience: .machines),
        .number("device_median_ms", title: "Device, ms", decimals: 3, audience: .people),
        .number("launches", title: "Launches"),
        .number("in_stage_ms", title: "In the stage", decimals: 2),
        .number("gflops_per_sec", title: "GFLOP/s", decimals: 0),
        .number("gbytes_per_sec", title: "GB/s", decimals: 1),
        .number("peak_share", title: "Of peak"),
    ]

    private static func row(
        _ model: String, _ batch: Int, _ counted: CountedOperation, _ measured: Measured,
        _ peak: DevicePeak
    ) -> [OutputValue] {
        let (operation, time) = (counted.operation, measured.time)
        return [
            .string(model), .int(counted.stage), .int(batch), .string(operation.label),
            .int(counted.count), time.record, .double(time.median), .double(time.minimum),
            measured.deviceTime.record, .double(measured.deviceTime.median),
            .int(measured.launches), .double(Double(counted.count) * time.median),
            operation.multiplyAdds > 0
                ? .double(2 * Double(operation.multiplyAdds) / time.median / 1e6) : .null,
            .double(Double(operation.byteCount) / time.median / 1e6),
            .double(
                peak.share(
                    multiplyAdds: operation.multiplyAdds, byteCount: operation.byteCount,
                    milliseconds: time.median)),
        ]
    }
}

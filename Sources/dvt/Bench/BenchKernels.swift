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
        abstract: "Benchmark each operation of a model at the model's sizes.",
        discussion: """
            Examples:
              dvt bench kernels --model dvt-deit-small --batch-size 8
              dvt bench kernels --model dvt-deit-small --filter attention --format csv

            Times are wall-clock times from enqueueing an operation to its completion. "Stage \
            total" is the median times the number of calls in the stage. "Device, ms" is the \
            kernel time by the device's clock, measured in separate runs. "Of peak" is the \
            achieved GFLOP/s (GB/s for operations without multiply-adds) relative to `dvt bench \
            peak`, which runs first if the device's peak is unknown.
            """,
        aliases: ["operations"])

    @Option(
        help: ArgumentHelp("A model name or a JSON file.", valueName: "name|file.json"),
        completion: .list(CascadeConfiguration.names))
    var model: String

    @OptionGroup var reuse: ReuseOptions
    @OptionGroup var repeatOptions: RepeatOptions

    @Option(
        help: ArgumentHelp("Only operations whose label contains this text.", valueName: "text"))
    var filter: String?

    @Option(
        help: ArgumentHelp("The time to repeat each operation for.", valueName: "milliseconds"))
    var timeMs = 200.0

    @OptionGroup var compareOptions: CompareOptions
    @OptionGroup var outputOptions: OutputOptions
    @OptionGroup var deviceOptions: DeviceOptions

    func run() throws {
        let configuration = try reuse.applied(to: ModelCard.named(orFile: model).configuration)
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
                note: for CLBlast GEMMs the device time covers only the last kernel, not the \
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
            \(remembered == nil ? "measured now" : "cached; dvt bench peak measures it again")
            """)
        return peak
    }

    private func measuredPeak(of context: Context) throws -> DevicePeak {
        let meter = try PeakMeter(context: context, buildOptions: deviceOptions.buildOptions)
        let peak = DevicePeak(try meter.measure())
        peak.remember(on: context)
        return peak
    }

    /// The times of one operation.
    private struct Measured {
        let time: TimeStatistics
        /// Kernel time by the device's clock.
        let deviceTime: TimeStatistics
        let launches: Int
        let isPartial: Bool
    }

    /// Measures wall-clock time, then kernel time from profiling events.
    private func measure(
        _ operation: any Operation, on backend: OpenCLBackend
    ) throws -> Measured {
        let benchmark = try OperationBenchmark(operation, on: backend)
        let time = try benchmark.time(repeats: repeatOptions.repeats, milliseconds: timeMs)
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
        .number("count", title: "Count"),
        OutputColumn("step_time_ms", audience: .machines),
        .number("median_ms", title: "Median, ms", decimals: 3, audience: .people),
        .number("min_ms", title: "Min", decimals: 3, audience: .people),
        OutputColumn("device_time_ms", audience: .machines),
        .number("device_median_ms", title: "Device, ms", decimals: 3, audience: .people),
        .number("launches", title: "Launches"),
        .number("in_stage_ms", title: "Stage total", decimals: 2),
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

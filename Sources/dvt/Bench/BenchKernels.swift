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
        completion: .list(ModelCard.argumentNames))
    var model: String

    @OptionGroup var reuse: ReuseOptions
    @OptionGroup var repeatOptions: RepeatOptions

    @OptionGroup var filter: OperationFilter

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
        }
        let chosen = try filter.chosen(operations, of: configuration.name) {
            $0.counted.operation.label
        }
        if filter.list {
            return try filter.printLabels(chosen.map(\.counted.operation.label), outputOptions)
        }
        let comparison = try compareOptions.comparison(of: .kernels)
        let backend = try deviceOptions.makeOpenCLBackend()
        printError("device: \(backend.deviceName), \(backend.kernelStyle.rawValue) kernels")
        let peak = backend.limits(
            try DevicePeak.known(on: backend.context, buildOptions: deviceOptions.buildOptions))
        let progress = ProgressReporter(
            label: "bench", unit: "operations", total: chosen.count, isQuiet: false)
        let report = BenchReport(
            columns: Self.columns, setting: BenchSetting(backend), comparison: comparison)
        var isPartial = false
        try report.print(outputOptions, progress: progress) { write in
            for (batch, counted) in chosen {
                let measured = try OperationTimes(
                    counted.operation, on: backend, repeats: repeatOptions.repeats,
                    milliseconds: timeMs)
                isPartial = isPartial || measured.isPartial
                try write(
                    Self.row(
                        configuration.name, batch, counted, measured, backend.precision, peak),
                    report.setting)
                progress.advance()
            }
        }
        if isPartial {
            printError(OperationTimes.partialNote)
        }
    }

    private static let columns: [OutputColumn] =
        [
            OutputColumn("model", audience: .machines),
            .number("stage", title: "Stage", forPeople: OutputValue.oneBased),
            .number("batch_size", title: "Batch"),
            OutputColumn("operation", title: "Operation"),
            .number("count", title: "Count"),
        ] + TimeColumns(key: "step_time_ms", decimals: 3).columns
        + TimeColumns(
            key: "device_time_ms", prefix: "device_", title: "Device, ms", decimals: 3,
            shown: ["median"]
        ).columns + [
            .number("launches", title: "Launches"),
            .number("in_stage_ms", title: "Stage total", decimals: 2),
            .number("gflops_per_sec", title: "GFLOP/s", decimals: 0),
            .number("gbytes_per_sec", title: "GB/s", decimals: 1),
            .number("peak_share", title: "Of peak"),
        ]

    private static func row(
        _ model: String, _ batch: Int, _ counted: CountedOperation, _ measured: OperationTimes,
        _ precision: Precision, _ peak: DevicePeak
    ) -> [OutputValue] {
        let (operation, time) = (counted.operation, measured.time)
        let byteCount = operation.byteCount(elementByteCount: precision.elementByteCount)
        return [
            .string(model), .int(counted.stage), .int(batch), .string(operation.label),
            .int(counted.count),
        ] + time.values + measured.deviceTime.values + [
            .int(measured.launches), .double(Double(counted.count) * time.median),
            operation.multiplyAdds > 0
                ? .double(2 * Double(operation.multiplyAdds) / time.median / 1e6) : .null,
            .double(Double(byteCount) / time.median / 1e6),
            .double(
                peak.share(
                    multiplyAdds: operation.multiplyAdds, byteCount: byteCount,
                    milliseconds: time.median)),
        ]
    }
}

import ArgumentParser
import DVTCore
import DVTEvaluation
import DVTModel
import DVTOpenCL
import DVTOperations
import DVTOutput

struct BenchOperations: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "operations",
        abstract: "Time the operations of a model at its own sizes.",
        discussion: """
            Examples:
              dvt bench operations --model dvt-deit-small --batch-size 8
              dvt bench operations --model dvt-deit-small --filter attention --format csv

            Each is the description that the tests run. Times go from enqueueing to the end of the \
            work; `In the stage` is how often the stage runs it times the median.
            """)

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

    @OptionGroup var outputOptions: OutputOptions
    @OptionGroup var deviceOptions: DeviceOptions

    func run() throws {
        let configuration = try reuse.applied(to: ModelCard.given(model).configuration)
        let operations = repeatOptions.batchSizes.flatMap { batch in
            configuration.operations(batch: batch).map { (batch: batch, counted: $0) }
        }.filter { filter.map($0.counted.operation.label.contains) ?? true }
        let backend = try deviceOptions.makeOpenCLBackend()
        printError("device: \(backend.deviceName), \(backend.kernelStyle.rawValue) kernels")
        let setting = BenchSetting(backend)
        let progress = ProgressReporter(
            label: "bench", unit: "operations", total: operations.count, isQuiet: false)
        try outputOptions.withWriter(
            Self.columns + BenchSetting.columns, progress: progress
        ) { writer in
            for (batch, counted) in operations {
                let time = try OperationBenchmark.time(
                    counted.operation, on: backend, repeats: repeatOptions.repeats,
                    milliseconds: time)
                try writer.write(Self.row(batch, counted, time) + setting.row)
                progress.advance()
            }
        }
        progress.finish()
    }

    private static let columns: [OutputColumn] = [
        .number("stage", title: "Stage", forPeople: OutputValue.oneBased),
        .number("batch_size", title: "Batch"),
        OutputColumn("operation", title: "Operation"),
        .number("count", title: "Times"),
        OutputColumn("step_time_ms", audience: .machines),
        .number("median_ms", title: "Median, ms", decimals: 3, audience: .people),
        .number("min_ms", title: "Least", decimals: 3, audience: .people),
        .number("in_stage_ms", title: "In the stage", decimals: 2),
        .number("gflops_per_sec", title: "GFLOP/s", decimals: 0),
        .number("gbytes_per_sec", title: "GB/s", decimals: 1),
    ]

    private static func row(
        _ batch: Int, _ counted: CountedOperation, _ time: TimeStatistics
    ) -> [OutputValue] {
        let operation = counted.operation
        return [
            .int(counted.stage), .int(batch), .string(operation.label), .int(counted.count),
            time.record, .double(time.median), .double(time.minimum),
            .double(Double(counted.count) * time.median),
            operation.multiplyAdds > 0
                ? .double(2 * Double(operation.multiplyAdds) / time.median / 1e6) : .null,
            .double(Double(operation.byteCount) / time.median / 1e6),
        ]
    }
}

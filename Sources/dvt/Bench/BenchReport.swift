import ArgumentParser
import DVTCore
import DVTEvaluation
import DVTOpenCL
import DVTOutput
import DVTParity
import DVTSupport

/// The configuration recorded with every benchmark result.
struct BenchSetting {
    let device: String
    let kernelStyle: String?
    private let precision: Precision

    init(device: String, _ backend: OpenCLBackend? = nil) {
        self.device = device
        kernelStyle = backend?.kernelStyle.rawValue
        precision = backend?.precision ?? .float32
    }

    init(_ backend: some Backend) {
        self.init(device: backend.deviceName, backend as? OpenCLBackend)
    }

    static let columns: [OutputColumn] = [
        OutputColumn("precision", audience: .machines),
        OutputColumn("kernel_style", audience: .machines),
        OutputColumn("commit", audience: .machines), OutputColumn("device", audience: .machines),
    ]

    var row: [OutputValue] {
        [
            .string(precision.rawValue), .optional(kernelStyle, OutputValue.string),
            .string(Version.commit), .string(device),
        ]
    }
}

/// Prints the records of a benchmark, each with its speed relative to an earlier run.
struct BenchReport {
    /// The columns of the benchmark itself.
    let columns: [OutputColumn]
    let setting: BenchSetting
    let comparison: Comparison?

    /// Prints the records, then the result of the comparison.
    ///
    /// - Parameters:
    ///   - outputOptions: the output format.
    ///   - progress: the progress bar.
    ///   - body: writes records of ``columns``.
    /// - Throws: the body's error, or ``ComparisonError`` if a record is below `--fail-below`.
    func print(
        _ outputOptions: OutputOptions, progress: ProgressReporter,
        _ body: (_ write: ([OutputValue]) throws -> Void) throws -> Void
    ) throws {
        var comparison = comparison
        comparison?.warn(device: setting.device)
        let columns = columns + BenchSetting.columns
        let ratio = comparison.map { _ in OutputColumn.number("ratio", title: "Ratio") }
        try outputOptions.withWriter(
            columns + [ratio].compactMap { $0 }, progress: progress
        ) { writer in
            try body { row in
                let row = row + setting.row
                let record = BenchmarkRecord(
                    zip(columns, row).map { (key: $0.key, value: $1) })
                let ratio = comparison.map { _ in
                    OutputValue.optional(comparison?.baseline.ratio(of: record), OutputValue.double)
                }
                try writer.write(row + [ratio].compactMap { $0 })
            }
        }
        progress.finish()
        try comparison?.conclude()
    }
}

extension TimeStatistics {
    /// The statistics as a record, in milliseconds.
    var record: OutputValue {
        [
            "median": .double(median), "min": .double(minimum), "p90": .double(quantile(0.9)),
            "p99": .double(quantile(0.99)), "repeats": .int(samples.count),
        ]
    }
}

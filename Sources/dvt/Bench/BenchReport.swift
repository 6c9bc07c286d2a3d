import ArgumentParser
import DVTCore
import DVTEvaluation
import DVTOpenCL
import DVTOutput
import DVTParity
import DVTSupport

/// What every record of a benchmark says of how it was made.
struct BenchSetting {
    let device: String
    let kernelStyle: String?
    private let precision: Precision

    /// Creates the setting of a device, and of its backend where there is one.
    init(device: String, _ backend: OpenCLBackend? = nil) {
        self.device = device
        kernelStyle = backend?.kernelStyle.rawValue
        precision = backend?.precision ?? .float32
    }

    init(_ backend: some Backend) {
        self.init(device: backend.deviceName, backend as? OpenCLBackend)
    }

    /// The columns of a record, for machines alone.
    static let columns: [OutputColumn] = [
        OutputColumn("precision", audience: .machines),
        OutputColumn("kernel_style", audience: .machines),
        OutputColumn("commit", audience: .machines), OutputColumn("device", audience: .machines),
    ]

    /// The values of a record.
    var row: [OutputValue] {
        [
            .string(precision.rawValue), .optional(kernelStyle, OutputValue.string),
            .string(Version.commit), .string(device),
        ]
    }
}

/// Prints the records of a benchmark, beside each the ratio to that of an earlier run.
struct BenchReport {
    /// The columns of the benchmark itself.
    let columns: [OutputColumn]
    let setting: BenchSetting
    let comparison: Comparison?

    /// Prints records, and then how they compare.
    ///
    /// - Parameters:
    ///   - outputOptions: the format.
    ///   - progress: what is done of how much.
    ///   - body: writes records of ``columns``.
    /// - Throws: the body's error, or ``ComparisonError`` if a record is slower than is allowed.
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

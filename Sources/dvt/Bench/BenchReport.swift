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
    /// The precision of the network's operations; nil for other kernels.
    let precision: Precision?

    init(device: String, _ backend: OpenCLBackend? = nil) {
        self.init(
            device: device, kernelStyle: backend?.kernelStyle.rawValue,
            precision: backend?.precision ?? .float32)
    }

    init(device: String, kernelStyle: String?, precision: Precision?) {
        self.device = device
        self.kernelStyle = kernelStyle
        self.precision = precision
    }

    init(_ backend: some Backend) {
        self.init(device: backend.deviceName, backend as? OpenCLBackend)
    }

    /// The columns of the configuration.
    ///
    /// - Parameter shown: the keys of the columns that tables show too.
    /// - Returns: the columns.
    static func columns(showing shown: Set<String> = []) -> [OutputColumn] {
        [
            ("precision", "Precision"), ("kernel_style", "Style"), ("commit", "Commit"),
            ("device", "Device"),
        ].map { key, title in
            OutputColumn(
                key, title: title, audience: shown.contains(key) ? .everyone : .machines)
        }
    }

    var row: [OutputValue] {
        [
            .optional(precision?.rawValue, OutputValue.string),
            .optional(kernelStyle, OutputValue.string),
            .string(Version.commit), .string(device),
        ]
    }
}

/// Prints the records of a benchmark, each with its speed relative to an earlier run.
struct BenchReport {
    /// The columns of the benchmark itself.
    let columns: [OutputColumn]
    /// The configurations of the run, at least one.
    let settings: [BenchSetting]
    let comparison: Comparison?
    /// The keys of ``BenchSetting``'s columns that tables show.
    var shownSettings: Set<String> = []

    /// The first configuration, which is the only one of most benchmarks.
    var setting: BenchSetting { settings[0] }

    init(columns: [OutputColumn], setting: BenchSetting, comparison: Comparison?) {
        self.init(columns: columns, settings: [setting], comparison: comparison)
    }

    init(
        columns: [OutputColumn], settings: [BenchSetting], comparison: Comparison?,
        shownSettings: Set<String> = []
    ) {
        self.columns = columns
        self.settings = settings
        self.comparison = comparison
        self.shownSettings = shownSettings
    }

    /// Prints the records, then the result of the comparison.
    ///
    /// - Parameters:
    ///   - outputOptions: the output format.
    ///   - progress: the progress bar.
    ///   - body: writes records of ``columns``, each with its configuration.
    /// - Throws: the body's error, or ``ComparisonError`` if a record is below `--fail-below`.
    func print(
        _ outputOptions: OutputOptions, progress: ProgressReporter,
        _ body: (_ write: ([OutputValue], BenchSetting) throws -> Void) throws -> Void
    ) throws {
        var comparison = comparison
        comparison?.warn(devices: Set(settings.map(\.device)))
        let columns = columns + BenchSetting.columns(showing: shownSettings)
        let ratio = comparison.map { _ in OutputColumn.number("ratio", title: "Ratio") }
        try outputOptions.withWriter(
            columns + [ratio].compactMap { $0 }, progress: progress
        ) { writer in
            try body { row, setting in
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

import ArgumentParser
import DVTOutput
import DVTSupport

/// Runs the measurements of a sweep one after the other and reports them.
struct SweepRun {
    let outputOptions: OutputOptions
    let report: BenchReport
    /// The page to write, or nil.
    let page: RooflineReport?

    /// Runs the measurements until all are done or the user interrupts; the output is complete.
    ///
    /// - Parameter jobs: the measurements.
    /// - Throws: the error of a measurement, after the output of the earlier ones.
    func run(_ jobs: [() throws -> OperationRecord]) throws {
        let interruption = Interruption()
        let progress = ProgressReporter(
            label: "bench", unit: "measurements", total: jobs.count, isQuiet: false)
        var records: [OperationRecord] = []
        let result = Result {
            try report.print(outputOptions, progress: progress) { write in
                for job in jobs {
                    guard !interruption.isRequested else { break }
                    let record = try job()
                    records.append(record)
                    try write(record.row, record.setting)
                    progress.advance()
                }
            }
        }
        if records.contains(where: \.times.isPartial) { printError(OperationTimes.partialNote) }
        try page?.write(records, columns: report.columns, shown: report.shownSettings)
        try result.get()
        if records.count < jobs.count, let code = interruption.exitCode {
            printError("interrupted: \(records.count) of \(jobs.count) measurements made")
            throw code
        }
    }
}

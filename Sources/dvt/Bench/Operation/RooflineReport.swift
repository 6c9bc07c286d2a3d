import DVTOutput
import DVTSupport

/// Writes the page of `dvt bench op --roofline`.
struct RooflineReport {
    private let path: String

    /// Creates a report, after checking that its file can be written.
    ///
    /// - Parameter path: the file to create or replace.
    /// - Throws: ``FileError`` if it cannot be written.
    init(path: String) throws {
        _ = try AtomicFileWriter(path: path)
        self.path = path
    }

    /// Writes the page atomically.
    ///
    /// - Parameters:
    ///   - records: the measurements; without any, no page is written.
    ///   - columns: the columns of their rows.
    ///   - shown: the keys of the configuration's columns that the table shows.
    /// - Throws: ``FileError`` if the system fails to write.
    func write(
        _ records: [OperationRecord], columns: [OutputColumn], shown: Set<String>
    ) throws {
        guard !records.isEmpty else {
            return printError("\(shownPath): not written because nothing was measured")
        }
        let page = RooflinePage(
            records: records, columns: columns + BenchSetting.columns(showing: shown))
        let text = page.source
        try replaceFile(path, with: text)
        printError("\(shownPath): \((text.utf8.count + 1023) / 1024) KiB")
    }

    private var shownPath: String { DVTSupport.shown(path) }
}

import DVTEvaluation
import DVTModel
import DVTSupport
import DVTVision

/// Writes the HTML report of an evaluation.
struct EvaluationReport {
    /// The model, data and options of the evaluation.
    struct Subject {
        let set: LabeledImages
        /// The class names, or nil if unknown.
        let labels: ClassLabels?
        let weights: String
        let isUntrained: Bool
        let policy: ExitPolicy
        /// Stored thresholds for a range of budgets and their file, or nil.
        let stored: (points: OperatingPoints, file: String)?
        let batchSize: Int
        /// The maximum number of the most, and of the least, confident images per class.
        let examples: Int

        /// The display name of a class.
        func name(_ label: Int) -> String { labels.shownName(label) }
    }

    private let path: String
    private let subject: Subject

    /// Creates a report, after checking that its file can be written.
    ///
    /// - Parameters:
    ///   - path: the file to create or replace.
    ///   - subject: the model, data and options of the evaluation.
    /// - Throws: ``FileError`` if it cannot be written.
    init(path: String, _ subject: Subject) throws {
        _ = try AtomicFileWriter(path: path)
        self.path = path
        self.subject = subject
    }

    /// Writes the page atomically.
    ///
    /// - Parameter record: the results.
    /// - Throws: ``FileError`` if the system fails to write.
    func write(_ record: EvaluateRecord) throws {
        let text = EvaluationPage(EvaluationFindings(record, subject)).source
        try replaceFile(path, with: text)
        printError("\(shown(path)): \((text.utf8.count + 1023) / 1024) KiB")
    }

    /// Reports that an interrupted evaluation has no page.
    func reportInterruption() {
        printError("\(shown(path)): not written because the evaluation was interrupted")
    }
}

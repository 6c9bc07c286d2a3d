import DVTCheckpoints
import DVTCore
import DVTEvaluation
import DVTModel
import DVTOutput
import DVTSupport
import DVTVision

/// Writes what an evaluation found as one page.
struct EvaluationReport {
    /// What is evaluated.
    struct Subject {
        let set: LabeledImages
        /// The classes' names, or nil where nobody said.
        let labels: ClassLabels?
        let weights: String
        let isUntrained: Bool
        let policy: ExitPolicy
        /// Thresholds for many budgets and their file, or nil.
        let stored: (points: OperatingPoints, file: String)?
        let batchSize: Int
        /// The most easy images of a class on the page, and the most hard ones.
        let examples: Int

        /// A class as people call it.
        func name(_ label: Int) -> String {
            labels?[label].map(printable) ?? "class \(label)"
        }
    }

    private let path: String
    private let subject: Subject

    /// Prepares a page, and checks that it can be written before anything runs.
    ///
    /// - Parameters:
    ///   - path: the file to create or replace.
    ///   - subject: what is evaluated.
    /// - Throws: ``FileError`` if it cannot be written.
    init(path: String, _ subject: Subject) throws {
        _ = try AtomicFileWriter(path: path)
        self.path = path
        self.subject = subject
    }

    /// Writes the page, whole or not at all.
    ///
    /// - Parameter record: what the evaluation found.
    /// - Throws: ``FileError`` if the system fails to write.
    func write(_ record: EvaluateRecord) throws {
        let text = EvaluationPage(EvaluationFindings(record, subject)).source
        try replaceFile(path, with: text)
        printError("\(shown(path)): \((text.utf8.count + 1023) / 1024) KiB")
    }

    /// Says that there is no page of a part of the images.
    func tellOfInterruption() {
        printError("\(shown(path)): not written, as the evaluation was interrupted")
    }
}

import DVTVision
import Synchronization

/// Counts the files of folders that are no images.
final class SkippedLog: Sendable {
    private let files: Mutex<SkippedFiles>

    init(_ files: SkippedFiles = SkippedFiles()) {
        self.files = Mutex(files)
    }

    func add(_ other: SkippedFiles) {
        files.withLock { $0.add(other) }
    }

    /// Prints the counts to standard error, if there are any.
    func printSummary() {
        guard let text = files.withLock({ $0.text }) else { return }
        printError("skipped files that are not \(ImageFiles.formats): \(text)")
    }
}

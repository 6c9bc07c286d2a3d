import DVTOutput
import Synchronization

/// Prints warnings, and prints and counts failures, one line each.
final class FailureLog: Sendable {
    private let state = Mutex<(count: Int, progress: ProgressReporter?)>((0, nil))

    var count: Int { state.withLock { $0.count } }

    /// Clears a progress bar around each report.
    func use(_ progress: ProgressReporter) {
        state.withLock { $0.progress = progress }
    }

    /// Reports one failure.
    ///
    /// - Parameter line: the failure and its remedy, in one line.
    func report(_ line: String) {
        state.withLock { $0.count += 1 }
        show("error: \(line)")
    }

    /// Warns of something that is used nevertheless.
    ///
    /// - Parameter line: what it is, in one line.
    func warn(_ line: String) {
        show("warning: \(line)")
    }

    private func show(_ line: String) {
        if let progress = state.withLock({ $0.progress }) {
            progress.whileCleared { printError(line) }
        } else {
            printError(line)
        }
    }
}

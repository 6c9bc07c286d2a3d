import DVTOutput
import Synchronization

/// Prints and counts failures, one line each.
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
        let progress = state.withLock { state in
            state.count += 1
            return state.progress
        }
        if let progress {
            progress.whileCleared { printError("error: \(line)") }
        } else {
            printError("error: \(line)")
        }
    }
}

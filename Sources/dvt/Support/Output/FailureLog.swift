import DVTOutput
import Synchronization

/// Reports what failed, one line each, and counts it.
final class FailureLog: Sendable {
    private let state = Mutex<(count: Int, progress: ProgressReporter?)>((0, nil))

    /// How many lines were reported.
    var count: Int { state.withLock { $0.count } }

    /// Keeps reports clear of a progress bar.
    func use(_ progress: ProgressReporter) {
        state.withLock { $0.progress = progress }
    }

    /// Reports one failure.
    ///
    /// - Parameter line: what failed and what to do, in one line.
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

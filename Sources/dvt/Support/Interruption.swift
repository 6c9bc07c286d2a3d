import Dispatch
import Glibc
import Synchronization

/// Notes Ctrl-C, so that a long run can end between two steps with its output whole.
///
/// A second Ctrl-C ends the program at once.
final class Interruption {
    private final class Flag: Sendable {
        let value = Atomic(false)
    }

    private let flag = Flag()
    private let source: any DispatchSourceSignal

    init() {
        signal(SIGINT, SIG_IGN)
        source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
        source.setEventHandler { [flag] in
            flag.value.store(true, ordering: .relaxed)
            signal(SIGINT, SIG_DFL)
        }
        source.resume()
    }

    deinit {
        source.cancel()
        signal(SIGINT, SIG_DFL)
    }

    /// Whether the run should end.
    var isRequested: Bool { flag.value.load(ordering: .relaxed) }
}

import Dispatch
import Glibc
import Synchronization

/// Records Ctrl-C, so that a long run can stop between steps with complete output.
///
/// A second Ctrl-C terminates the program.
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

    /// Whether the run should stop.
    var isRequested: Bool { flag.value.load(ordering: .relaxed) }
}

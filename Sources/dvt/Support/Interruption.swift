import Dispatch
import Glibc
import Synchronization

/// Records Ctrl-C, so that a long run can stop between steps with complete output.
///
/// A second Ctrl-C terminates the program.
final class Interruption {
    private final class Flag: Sendable {
        let number = Atomic<Int32>(0)
    }

    private let flag = Flag()
    private let sources: [(signal: Int32, source: any DispatchSourceSignal)]

    /// Begins to record signals.
    ///
    /// - Parameter signals: Ctrl-C's SIGINT, and others that end the run in the same way.
    init(by signals: [Int32] = [SIGINT]) {
        sources = signals.map { number in
            signal(number, SIG_IGN)
            return (number, DispatchSource.makeSignalSource(signal: number, queue: .global()))
        }
        for (number, source) in sources {
            source.setEventHandler { [flag] in
                flag.number.store(number, ordering: .relaxed)
                signal(number, SIG_DFL)
            }
            source.resume()
        }
    }

    deinit {
        for (number, source) in sources {
            source.cancel()
            signal(number, SIG_DFL)
        }
    }

    /// Whether the run should stop.
    var isRequested: Bool { received != nil }
    /// The signal that was received, or nil.
    var received: Int32? {
        let number = flag.number.load(ordering: .relaxed)
        return number == 0 ? nil : number
    }
}

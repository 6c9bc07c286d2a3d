import ArgumentParser
import Dispatch
import Glibc
import Synchronization

/// Records Ctrl-C and SIGTERM, so that a long run can stop between steps with complete output.
///
/// A second signal terminates the program.
final class Interruption {
    private final class Flag: Sendable {
        let number = Atomic<Int32>(0)
    }

    private let flag = Flag()
    private let sources: [(signal: Int32, source: any DispatchSourceSignal)]

    /// Begins to record signals.
    ///
    /// - Parameter onRequest: called after a signal, for example to end a wait for input.
    init(onRequest: @escaping @Sendable () -> Void = {}) {
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            return (number, DispatchSource.makeSignalSource(signal: number, queue: .global()))
        }
        for (number, source) in sources {
            source.setEventHandler { [flag] in
                flag.number.store(number, ordering: .relaxed)
                signal(number, SIG_DFL)
                onRequest()
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
    /// The exit code of a run that a signal ended, 130 for Ctrl-C, or nil.
    var exitCode: ExitCode? { received.map { ExitCode(128 + $0) } }

    private var received: Int32? {
        let number = flag.number.load(ordering: .relaxed)
        return number == 0 ? nil : number
    }
}

import Synchronization

/// A list of paths that is read by several threads, one at a time.
final class PathSource: Sendable {
    private struct State {
        var advance: () -> String?
        var count = 0
    }

    private let state: Mutex<State?>
    // Beside the lock, which is held while a path is waited for.
    private let isClosed = Atomic(false)

    /// Creates a source.
    ///
    /// - Parameter paths: the list; nothing is read yet.
    init(_ paths: sending some Sequence<String>) {
        var iterator = paths.makeIterator()
        state = Mutex(State(advance: { iterator.next() }))
    }

    /// Reads the next path; may wait for it.
    ///
    /// - Returns: the path and its place in the list, or nil at the end and once closed.
    func next() -> (index: Int, path: String)? {
        state.withLock { state in
            // At the end the list is released, and is never asked again: not every iterator
            // keeps saying that it has ended.
            guard !isClosed.load(ordering: .relaxed), let path = state?.advance(),
                let index = state?.count
            else {
                state = nil
                return nil
            }
            state?.count += 1
            return (index, path)
        }
    }

    /// Lets the list end after the path that is being waited for.
    func close() {
        isClosed.store(true, ordering: .relaxed)
    }
}

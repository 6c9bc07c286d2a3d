import Synchronization

/// A sequence that is read by several threads, one at a time.
package final class SharedSequence<Element: Sendable>: Sendable {
    private struct State {
        var advance: () -> Element?
        var count = 0
    }

    private let state: Mutex<State?>
    // Beside the lock, which is held while an element is waited for.
    private let isClosed = Atomic(false)

    /// Shares a sequence.
    ///
    /// - Parameter elements: the sequence; nothing is read yet.
    package init(_ elements: sending some Sequence<Element>) {
        var iterator = elements.makeIterator()
        state = Mutex(State(advance: { iterator.next() }))
    }

    /// Reads the next element; may wait for it.
    ///
    /// - Returns: the element and its place, or nil at the end and once closed.
    func next() -> (index: Int, element: Element)? {
        state.withLock { state in
            // At the end the sequence is released, and is never asked again: not every iterator
            // keeps saying that it has ended.
            guard !isClosed.load(ordering: .relaxed), let element = state?.advance(),
                let index = state?.count
            else {
                state = nil
                return nil
            }
            state?.count += 1
            return (index, element)
        }
    }

    /// Lets the sequence end after the element that is being waited for.
    func close() {
        isClosed.store(true, ordering: .relaxed)
    }
}

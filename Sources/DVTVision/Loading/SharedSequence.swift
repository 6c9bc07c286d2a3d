import Synchronization

/// A sequence read by several threads, one at a time.
package final class SharedSequence<Element: Sendable>: Sendable {
    private struct State {
        var advance: () -> Element?
        var count = 0
    }

    private let state: Mutex<State?>
    // Outside the lock, which is held while waiting for an element.
    private let isClosed = Atomic(false)

    /// Creates a shared sequence without reading from it.
    ///
    /// - Parameter elements: the elements in order.
    package init(_ elements: sending some Sequence<Element>) {
        var iterator = elements.makeIterator()
        state = Mutex(State(advance: { iterator.next() }))
    }

    /// Waits for the next element; returns nil at the end and once closed.
    func next() -> (index: Int, element: Element)? {
        state.withLock { state in
            // The iterator is released at the end: not every iterator keeps returning nil.
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

    /// Ends the sequence after the element that is being read.
    func close() {
        isClosed.store(true, ordering: .relaxed)
    }
}

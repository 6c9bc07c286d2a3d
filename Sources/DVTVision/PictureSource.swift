import Synchronization

/// A list of pictures that is read by several threads, one at a time.
final class PictureSource: Sendable {
    /// A picture that is to be loaded.
    struct Item {
        /// Where it is.
        let location: PictureLocation
        /// Its class, where the list says it.
        let label: Int?
    }

    private struct State {
        var advance: () -> Item?
        var count = 0
    }

    private let state: Mutex<State?>
    // Beside the lock, which is held while an item is waited for.
    private let isClosed = Atomic(false)

    /// Creates a source.
    ///
    /// - Parameter paths: the list; nothing is read yet.
    init(_ paths: sending some Sequence<String>) {
        var iterator = paths.makeIterator()
        state = Mutex(
            State(advance: { iterator.next().map { Item(location: .file($0), label: nil) } }))
    }

    /// Creates a source.
    ///
    /// - Parameter images: the set.
    init(_ images: LabelledImages) {
        var iterator = images.makeIterator()
        state = Mutex(
            State(advance: { iterator.next().map { Item(location: $0.location, label: $0.label) } })
        )
    }

    /// Reads the next item; may wait for it.
    ///
    /// - Returns: the item and its place in the list, or nil at the end and once closed.
    func next() -> (index: Int, item: Item)? {
        state.withLock { state in
            // At the end the list is released, and is never asked again: not every iterator
            // keeps saying that it has ended.
            guard !isClosed.load(ordering: .relaxed), let item = state?.advance(),
                let index = state?.count
            else {
                state = nil
                return nil
            }
            state?.count += 1
            return (index, item)
        }
    }

    /// Lets the list end after the item that is being waited for.
    func close() {
        isClosed.store(true, ordering: .relaxed)
    }
}

/// Processes the elements of a sequence ahead of their use on threads and returns results in order.
///
/// The threads retain the pipeline, so its owner must call ``close()``, typically in `deinit`.
package final class LoaderPipeline<Element: Sendable, Output: Sendable>: Sendable {
    private struct State {
        /// Results not delivered yet, by index.
        var ready: [Int: Output] = [:]
        /// Indices assigned to threads and not delivered yet.
        var reserved = 0
        /// Reserved indices whose element has been read.
        var inWork = 0
        /// The index of the next result to deliver.
        var nextIndex = 0
        /// The number of running threads.
        var threadCount = 0
        var sequenceHasEnded = false
        var isClosed = false
    }

    private enum Step {
        case deliver(Output?)
        case work
    }

    private let source: SharedSequence<Element>
    private let lookAhead: Int
    private let work: @Sendable (Element) -> Output
    private let monitor = Monitor(State())

    /// Creates a pipeline without starting it.
    ///
    /// - Parameters:
    ///   - source: the elements, read lazily by one thread at a time.
    ///   - lookAhead: the maximum number of elements in progress or waiting, at least 1.
    ///   - work: maps an element to its result; called concurrently.
    package init(
        source: SharedSequence<Element>, lookAhead: Int,
        work: @escaping @Sendable (Element) -> Output
    ) {
        precondition(lookAhead > 0, "lookAhead is at least 1")
        self.source = source
        self.lookAhead = lookAhead
        self.work = work
    }

    /// Starts threads, as many as the system provides.
    ///
    /// - Parameter count: the requested number of threads; with 0, ``next()`` does the work.
    package func start(_ count: Int) {
        precondition(count >= 0, "the number of threads is at least 0")
        // Threads beyond the look-ahead would only wait.
        for _ in 0..<min(count, lookAhead) {
            monitor.change { $0.threadCount += 1 }
            if !startThread({ self.run() }) {
                monitor.change { $0.threadCount -= 1 }
                return
            }
        }
    }

    /// Ends each thread after its current element; ``next()`` then returns nil.
    package func close() {
        source.close()
        monitor.change { state in
            state.isClosed = true
            state.ready = [:]
        }
    }

    /// Whether delivering the next result requires reading another element.
    var isWaitingForElements: Bool {
        monitor.change { state in
            state.threadCount > 0 && !state.sequenceHasEnded && state.ready.isEmpty
                && state.inWork == 0
        }
    }

    /// Waits for the next result.
    ///
    /// - Returns: the result, or nil after the last one.
    package func next() -> Output? {
        while true {
            let step = monitor.waitToChange { state in self.step(&state) }
            switch step {
            case .deliver(let output): return output
            case .work: workOnNext()
            }
        }
    }

    private func step(_ state: inout State) -> Step? {
        if state.isClosed { return .deliver(nil) }
        if let output = state.ready.removeValue(forKey: state.nextIndex) {
            state.nextIndex += 1
            state.reserved -= 1
            return .deliver(output)
        }
        if state.sequenceHasEnded, state.reserved == 0 { return .deliver(nil) }
        // Without threads the caller does the work, one element at a time.
        guard state.threadCount == 0, state.reserved == 0 else { return nil }
        state.reserved = 1
        return .work
    }

    private func run() {
        while reserve() { workOnNext() }
        monitor.change { $0.threadCount -= 1 }
    }

    /// Waits until another element may be processed; returns false at the end.
    private func reserve() -> Bool {
        monitor.waitToChange { state in
            if state.isClosed || state.sequenceHasEnded { return false }
            guard state.reserved < self.lookAhead else { return nil }
            state.reserved += 1
            return true
        }
    }

    /// Processes the next element, which must have been reserved.
    private func workOnNext() {
        guard let (index, element) = source.next() else {
            monitor.change { state in
                state.reserved -= 1
                state.sequenceHasEnded = true
            }
            return
        }
        let isClosed = monitor.change { state in
            state.inWork += 1
            return state.isClosed
        }
        guard !isClosed else { return }
        let output = work(element)
        monitor.change { state in
            state.inWork -= 1
            if !state.isClosed { state.ready[index] = output }
        }
    }
}

import Glibc

/// Work on the elements of a sequence ahead of its use, in threads; results come in order.
///
/// The threads hold it, so whoever uses it has to ``close()`` it, best when it is released itself.
package final class LoaderPipeline<Element: Sendable, Output: Sendable>: Sendable {
    private struct State {
        /// Results whose turn has not come, by their place in the sequence.
        var ready: [Int: Output] = [:]
        /// Places given to threads and not yet delivered.
        var reserved = 0
        /// Those of them whose element has been read.
        var inWork = 0
        /// The place of the next result to deliver.
        var nextIndex = 0
        /// The threads that have not ended.
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

    /// Creates a pipeline that does not run yet.
    ///
    /// - Parameters:
    ///   - source: the sequence; read by one thread at a time, no earlier than needed.
    ///   - lookAhead: the most elements in work or waiting, at least 1.
    ///   - work: makes a result of an element; called by several threads at once.
    package init(
        source: SharedSequence<Element>, lookAhead: Int,
        work: @escaping @Sendable (Element) -> Output
    ) {
        precondition(lookAhead > 0, "at least one element is worked on ahead")
        self.source = source
        self.lookAhead = lookAhead
        self.work = work
    }

    /// Starts threads; as many as the system grants.
    ///
    /// - Parameter count: how many are wanted, at least 0; with none, ``next()`` does the work.
    package func start(_ count: Int) {
        precondition(count >= 0, "there is no negative number of threads")
        // More threads than elements they may work on would only wait.
        for _ in 0..<min(count, lookAhead) {
            monitor.change { $0.threadCount += 1 }
            if !startThread({ self.run() }) {
                monitor.change { $0.threadCount -= 1 }
                return
            }
        }
    }

    /// Ends the threads, each after its element; ``next()`` gives nothing more.
    package func close() {
        source.close()
        monitor.change { state in
            state.isClosed = true
            state.ready = [:]
        }
    }

    /// Whether there is nothing to deliver before another element has been read.
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

    /// Waits until one more element may be worked on.
    ///
    /// - Returns: false if there is nothing more to do.
    private func reserve() -> Bool {
        monitor.waitToChange { state in
            if state.isClosed || state.sequenceHasEnded { return false }
            guard state.reserved < self.lookAhead else { return nil }
            state.reserved += 1
            return true
        }
    }

    /// Works on the next element; one must have been reserved.
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

/// A closure on its way into a thread.
private final class ThreadBody {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

private func startThread(_ body: @escaping @Sendable () -> Void) -> Bool {
    var attributes = pthread_attr_t()
    guard pthread_attr_init(&attributes) == 0 else { return false }
    defer { pthread_attr_destroy(&attributes) }
    // Nobody joins: a thread may be waiting for an element, and releasing the user must not.
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    var thread = pthread_t()
    let context = Unmanaged.passRetained(ThreadBody(body))
    let status = pthread_create(
        &thread, &attributes,
        { context in
            guard let context else { return nil }
            Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().run()
            return nil
        }, context.toOpaque())
    if status != 0 { context.release() }
    return status == 0
}

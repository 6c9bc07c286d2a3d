import Synchronization

extension Context {
    /// Counters of a context.
    package struct Statistics: Equatable, Sendable {
        /// Programs compiled from source.
        package var programsCompiled = 0
        /// Programs loaded from the disk cache.
        package var programsLoaded = 0
        /// Programs reused from the context's memory.
        package var programsReused = 0
        /// The time spent compiling.
        package var compileSeconds = 0.0
        /// The time spent loading from the disk cache.
        package var loadSeconds = 0.0
        /// Buffers created.
        package var buffersCreated = 0
        /// The size of the largest buffer created.
        package var largestBufferBytes = 0
        /// The total size of all live buffers.
        package var liveBufferBytes = 0
        /// The maximum of ``liveBufferBytes``.
        package var highWaterBytes = 0
        /// Kernels launched by queues, except those that other libraries launch.
        package var kernelsLaunched = 0
    }
}

extension Context {
    /// Resets ``Statistics/highWaterBytes`` to the size of the live buffers.
    package func restartHighWater() {
        counter.update { $0.highWaterBytes = $0.liveBufferBytes }
    }
}

/// The thread-safe counters of one context.
final class StatisticsCounter: Sendable {
    private let state = Mutex(Context.Statistics())

    var value: Context.Statistics {
        state.withLock { $0 }
    }

    func update(_ change: (inout Context.Statistics) -> Void) {
        state.withLock { change(&$0) }
    }
}

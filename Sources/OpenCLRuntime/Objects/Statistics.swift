import Synchronization

extension Context {
    /// Counters of a context.
    public struct Statistics: Equatable, Sendable {
        /// Programs compiled from source.
        public var programsCompiled = 0
        /// Programs loaded from the disk cache.
        public var programsLoaded = 0
        /// Programs reused from the context's memory.
        public var programsReused = 0
        /// The time spent compiling.
        public var compileSeconds = 0.0
        /// The time spent loading from the disk cache.
        public var loadSeconds = 0.0
        /// Buffers created.
        public var buffersCreated = 0
        /// The size of the largest buffer created.
        public var largestBufferBytes = 0
        /// The total size of all live buffers.
        public var liveBufferBytes = 0
        /// The maximum of ``liveBufferBytes``.
        public var highWaterBytes = 0
        /// Kernels launched by queues, except those that other libraries launch.
        public var kernelsLaunched = 0
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

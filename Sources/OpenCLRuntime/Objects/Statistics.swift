import Synchronization

extension Context {
    /// What a context has done.
    public struct Statistics: Equatable, Sendable {
        /// Programs compiled from source.
        public var programsCompiled = 0
        /// Programs loaded from the disk cache in place of compiling.
        public var programsLoaded = 0
        /// Programs that the context still had.
        public var programsReused = 0
        /// The time it took to compile.
        public var compileSeconds = 0.0
        /// The time it took to load from the disk cache.
        public var loadSeconds = 0.0
        /// Buffers made.
        public var buffersCreated = 0
        /// The size of the largest.
        public var largestBufferBytes = 0
        /// The size of all buffers there are now.
        public var liveBufferBytes = 0
        /// The most that ``liveBufferBytes`` has been.
        public var highWaterBytes = 0
        /// Kernels launched by queues, those that other libraries launch apart.
        public var kernelsLaunched = 0
    }
}

extension Context {
    /// Lets ``Statistics/highWaterBytes`` begin anew, at what the buffers there are now take.
    package func restartHighWater() {
        counter.update { $0.highWaterBytes = $0.liveBufferBytes }
    }
}

/// Counts for one context, from any thread.
final class StatisticsCounter: Sendable {
    private let state = Mutex(Context.Statistics())

    var value: Context.Statistics {
        state.withLock { $0 }
    }

    func update(_ change: (inout Context.Statistics) -> Void) {
        state.withLock { change(&$0) }
    }
}

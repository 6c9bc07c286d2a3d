import Glibc

/// State that threads share and wait for each other about.
///
/// A `Mutex` has no way to wait for a change, so this one is POSIX's with a condition.
final class Monitor<State>: @unchecked Sendable {
    // Unchecked: `state` is only reached between lock and unlock.
    private var state: State
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    /// Creates a monitor.
    ///
    /// - Parameter state: what it guards.
    init(_ state: sending State) {
        self.state = state
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Changes the state and wakes whoever waits.
    ///
    /// - Parameter body: the change.
    /// - Returns: what the body returns.
    func change<Value>(_ body: (inout State) -> Value) -> Value {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        pthread_cond_broadcast(condition)
        return body(&state)
    }

    /// Tries a change, again after each change by others, until it succeeds; then wakes whoever
    /// waits.
    ///
    /// - Parameter body: the change; nil if its time has not come.
    /// - Returns: what the body returns.
    func waitToChange<Value>(_ body: (inout State) -> Value?) -> Value {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let value = body(&state) {
                pthread_cond_broadcast(condition)
                return value
            }
            pthread_cond_wait(condition, mutex)
        }
    }
}

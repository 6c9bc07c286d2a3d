import Glibc

/// State guarded by a lock, with a condition to wait for changes.
///
/// `Mutex` cannot wait for a change, so this uses POSIX threads.
final class Monitor<State>: @unchecked Sendable {
    // Unchecked: `state` is only accessed while the lock is held.
    private var state: State
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    /// Creates a monitor that guards a state.
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

    /// Changes the state and wakes all waiting threads.
    func change<Value>(_ body: (inout State) -> Value) -> Value {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        pthread_cond_broadcast(condition)
        return body(&state)
    }

    /// Retries a change after each change by another thread until `body` returns a value, then
    /// wakes all waiting threads.
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

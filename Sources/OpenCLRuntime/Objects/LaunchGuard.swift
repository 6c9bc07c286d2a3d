import COpenCL
import Synchronization

/// Keeps kernels of two queues of one process from running at once, for drivers that cannot.
///
/// PoCL up to version 6 keeps several builds of a kernel, for grids of different widths, and when a
/// launch has ended looks its build up without the width. Where another queue runs the same kernel
/// with another width meanwhile, it finds the wrong one, and an assertion of
/// `pocl_release_dlhandle_cache` ends the process. So while a process has several queues of such a
/// PoCL, every launch waits, under a lock, until it is done. One queue alone waits for nothing.
final class LaunchGuard: Sendable {
    private static let pocl = LaunchGuard()

    /// The guard that a device's queues need, or nil.
    static func needed(by device: Device) -> LaunchGuard? {
        guard device.isPoCL, let major = majorVersion(device.platform.version), major < 7 else {
            return nil
        }
        return pocl
    }

    /// The number after `PoCL ` in a platform's version.
    static func majorVersion(_ text: String) -> Int? {
        text.firstRange(of: "PoCL ").flatMap { range in
            Int(text[range.upperBound...].prefix { $0.isNumber })
        }
    }

    private let queues = Mutex<[Handle]>([])

    /// Lets a queue in; what the only other one has enqueued is done before it is.
    func enter(_ queue: Handle) {
        queues.withLock { queues in
            if queues.count == 1 { clFinish(queues[0].pointer) }
            queues.append(queue)
        }
    }

    /// Lets a queue go when all that it enqueued is done.
    func leave(_ queue: Handle) {
        queues.withLock { queues in
            clFinish(queue.pointer)
            queues.removeAll { $0 == queue }
        }
    }

    /// Makes a launch, and waits for it where there are other queues.
    ///
    /// - Parameters:
    ///   - queue: the queue, which has entered.
    ///   - body: enqueues the launch.
    /// - Throws: what `body` throws; a failure of the work itself is the next wait's to find.
    func launch<Failure: Error>(
        on queue: Handle, _ body: () throws(Failure) -> Void
    ) throws(Failure) {
        try queues.withLock { (queues: inout [Handle]) throws(Failure) in
            try body()
            if queues.count > 1 { clFinish(queue.pointer) }
        }
    }
}

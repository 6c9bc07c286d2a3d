import COpenCL
import Synchronization

/// Serializes the launches of all queues of a process, for drivers that cannot run them in
/// parallel.
///
/// PoCL before version 7 caches several builds of a kernel, one per grid width, and looks up the
/// build of a finished launch without the width. If another queue runs the same kernel at another
/// width meanwhile, the lookup finds the wrong build, and an assertion in
/// `pocl_release_dlhandle_cache` ends the process. While a process has several queues of such a
/// PoCL, each launch therefore holds a lock until it has finished. A single queue never waits.
final class LaunchGuard: Sendable {
    private static let pocl = LaunchGuard()

    /// The guard for a device's queues, or nil if they need none.
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

    /// Adds a queue, after the commands of a previously single queue have finished.
    func enter(_ queue: Handle) {
        queues.withLock { queues in
            if queues.count == 1 { clFinish(queues[0].pointer) }
            queues.append(queue)
        }
    }

    /// Removes a queue, after its commands have finished.
    func leave(_ queue: Handle) {
        queues.withLock { queues in
            clFinish(queue.pointer)
            queues.removeAll { $0 == queue }
        }
    }

    /// Launches a kernel, and waits for it if there are other queues.
    ///
    /// - Parameters:
    ///   - queue: a queue that was added by ``enter(_:)``.
    ///   - body: enqueues the launch.
    /// - Throws: the error of `body`; the next wait reports failures of the kernel itself.
    func launch<Failure: Error>(
        on queue: Handle, _ body: () throws(Failure) -> Void
    ) throws(Failure) {
        try queues.withLock { (queues: inout [Handle]) throws(Failure) in
            try body()
            if queues.count > 1 { clFinish(queue.pointer) }
        }
    }
}

import COpenCL
import Synchronization

/// An in-order command queue of a device.
///
/// Commands run one after another, and each sees the results of the previous ones. Methods return
/// once a command is enqueued, except reads and blocking writes, which wait for it.
package final class CommandQueue: Sendable {
    /// The context that created the queue.
    package let context: Context
    private let id: Handle
    private let collection: Mutex<Collection>
    private let launchGuard: LaunchGuard?

    private struct Collection {
        var isOn: Bool
        var events: [Event] = []
    }

    /// The underlying OpenCL object.
    package var handle: cl_command_queue { id.pointer }

    init(context: Context, collectsEvents: Bool) throws(OpenCLError) {
        self.context = context
        collection = Mutex(Collection(isOn: collectsEvents))
        id = try create("clCreateCommandQueue") { status in
            let properties = cl_command_queue_properties(CL_QUEUE_PROFILING_ENABLE)
            return clCreateCommandQueue(
                context.handle, context.device.handle, properties, status)
        }
        launchGuard = LaunchGuard.needed(by: context.device)
        launchGuard?.enter(id)
    }

    deinit {
        launchGuard?.leave(id)
        clReleaseCommandQueue(id.pointer)
    }

    /// Whether the queue creates an ``Event`` per command and keeps it for ``takeEvents()``.
    package var collectsEvents: Bool {
        get { collection.withLock { $0.isOn } }
        set { collection.withLock { $0.isOn = newValue } }
    }

    /// Removes and returns the events collected so far.
    ///
    /// - Returns: the events, in order.
    package func takeEvents() -> [Event] {
        collection.withLock { collection in
            let events = collection.events
            collection.events = []
            return events
        }
    }

    /// Submits the enqueued commands to the device without waiting for them.
    ///
    /// - Throws: ``OpenCLError/callFailed(function:status:)``.
    package func flush() throws(OpenCLError) {
        try check("clFlush", clFlush(handle))
    }

    /// Waits until all commands have completed.
    ///
    /// - Throws: ``OpenCLError/callFailed(function:status:)`` if one of them failed.
    package func finish() throws(OpenCLError) {
        try check("clFinish", clFinish(handle))
    }

    /// Enqueues commands of another library on this queue, and collects their event.
    ///
    /// - Parameters:
    ///   - label: the event's label.
    ///   - body: calls the library with the queue and a pointer to an event, which is nil unless
    ///     events are collected.
    /// - Returns: the event, if events are collected and the library created one.
    /// - Throws: errors of `body`.
    @discardableResult
    package func enqueueExternal<Failure: Error>(
        label: String,
        _ body: (
            UnsafeMutablePointer<cl_command_queue?>, UnsafeMutablePointer<cl_event?>?
        ) throws(Failure) -> Void
    ) throws(Failure) -> Event? {
        var event: cl_event?
        let collects = collectsEvents
        func call() throws(Failure) {
            var queue: cl_command_queue? = handle
            if collects {
                try body(&queue, &event)
            } else {
                try body(&queue, nil)
            }
        }
        if let launchGuard {
            try launchGuard.launch(on: id, call)
        } else {
            try call()
        }
        return adopt(event, label: label)
    }

    /// Takes ownership of an event that another library created on this queue, and collects it.
    ///
    /// - Parameters:
    ///   - event: the event, or nil.
    ///   - label: the event's label.
    /// - Returns: the event, or nil if there is none.
    @discardableResult
    package func adopt(_ event: cl_event?, label: String) -> Event? {
        guard let event else {
            return nil
        }
        let adopted = Event(adopting: event, label: label)
        collection.withLock {
            if $0.isOn {
                $0.events.append(adopted)
            }
        }
        return adopted
    }

    /// Enqueues a command of OpenCL itself.
    func enqueue(
        _ function: String, label: String,
        _ call: (UnsafeMutablePointer<cl_event?>?) -> cl_int
    ) throws(OpenCLError) -> Event? {
        try enqueueExternal(label: label) { (_, event) throws(OpenCLError) in
            try check(function, call(event))
        }
    }
}

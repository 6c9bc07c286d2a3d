import COpenCL
import Synchronization

/// Runs a device's commands one after another, in the order they were given.
///
/// Commands are only enqueued: the host goes on at once, but for reads and blocking writes. Each
/// command sees what those before it wrote.
public final class CommandQueue: Sendable {
    /// The context it was made by.
    public let context: Context
    private let id: Handle
    private let collection: Mutex<Collection>
    private let launchGuard: LaunchGuard?

    private struct Collection {
        var isOn: Bool
        var events: [Event] = []
    }

    /// OpenCL's object.
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

    /// Whether the queue makes an ``Event`` of each command and keeps it for ``takeEvents()``.
    ///
    /// Off unless asked for: a steady run keeps none.
    public var collectsEvents: Bool {
        get { collection.withLock { $0.isOn } }
        set { collection.withLock { $0.isOn = newValue } }
    }

    /// Removes the events kept so far and hands them over, in order.
    ///
    /// - Returns: the events.
    public func takeEvents() -> [Event] {
        collection.withLock { collection in
            let events = collection.events
            collection.events = []
            return events
        }
    }

    /// Hands the commands to the device without waiting for them.
    ///
    /// - Throws: ``OpenCLError/callFailed(function:status:)``.
    public func flush() throws(OpenCLError) {
        try check("clFlush", clFlush(handle))
    }

    /// Waits until all commands are done.
    ///
    /// - Throws: ``OpenCLError/callFailed(function:status:)`` if one of them failed.
    public func finish() throws(OpenCLError) {
        try check("clFinish", clFinish(handle))
    }

    /// Enqueues what another library runs on this queue, and keeps its event like any other.
    ///
    /// - Parameters:
    ///   - label: what the event is called.
    ///   - body: makes the call with the queue and with room for an event, which is nil while
    ///     events are not collected.
    /// - Returns: the event, if events are collected and the library made one.
    /// - Throws: what `body` throws.
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

    /// Takes over an event that another library made on this queue, and keeps it like any other.
    ///
    /// - Parameters:
    ///   - event: the event; the queue releases it.
    ///   - label: what it is called.
    /// - Returns: the event, or nil if there was none.
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

    /// Enqueues one of OpenCL's own commands.
    func enqueue(
        _ function: String, label: String,
        _ call: (UnsafeMutablePointer<cl_event?>?) -> cl_int
    ) throws(OpenCLError) -> Event? {
        try enqueueExternal(label: label) { (_, event) throws(OpenCLError) in
            try check(function, call(event))
        }
    }
}

import COpenCL

/// A command that a queue was given, and when it ran.
public final class Event: Sendable {
    /// What the command was: a kernel's name, or `write`, `read`, `copy` or `fill`.
    public let label: String
    private let id: Handle

    /// OpenCL's object.
    package var handle: cl_event { id.pointer }

    /// Takes over an event, and with it the duty to release it.
    package init(adopting handle: cl_event, label: String) {
        self.label = label
        id = Handle(pointer: handle)
    }

    deinit {
        clReleaseEvent(id.pointer)
    }

    /// When a command ran, by the device's clock.
    public struct Profile: Equatable, Sendable {
        /// When the host enqueued it.
        public let queuedNanoseconds: UInt64
        /// When the host handed it to the device.
        public let submittedNanoseconds: UInt64
        /// When the device began.
        public let startedNanoseconds: UInt64
        /// When the device was done.
        public let endedNanoseconds: UInt64

        /// How long the device took.
        public var elapsedNanoseconds: UInt64 {
            endedNanoseconds >= startedNanoseconds ? endedNanoseconds - startedNanoseconds : 0
        }
    }

    /// Waits until the command is done.
    ///
    /// - Throws: ``OpenCLError/callFailed(function:status:)`` if it, or one before it, failed.
    public func wait() throws(OpenCLError) {
        var event: cl_event? = handle
        try check("clWaitForEvents", clWaitForEvents(1, &event))
    }

    /// Waits until the command is done and reads when it ran.
    ///
    /// - Returns: the times.
    /// - Throws: ``OpenCLError/callFailed(function:status:)``.
    public func profile() throws(OpenCLError) -> Profile {
        try wait()
        return Profile(
            queuedNanoseconds: try time(CL_PROFILING_COMMAND_QUEUED),
            submittedNanoseconds: try time(CL_PROFILING_COMMAND_SUBMIT),
            startedNanoseconds: try time(CL_PROFILING_COMMAND_START),
            endedNanoseconds: try time(CL_PROFILING_COMMAND_END))
    }

    private func time(_ property: Int32) throws(OpenCLError) -> UInt64 {
        let query = InfoQuery(function: "clGetEventProfilingInfo") { [id] size, value, needed in
            clGetEventProfilingInfo(id.pointer, cl_profiling_info(property), size, value, needed)
        }
        return try query.number()
    }
}

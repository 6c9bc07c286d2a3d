import COpenCL

/// The event of an enqueued command.
package final class Event: Sendable {
    /// The kernel's name, or `write`, `read`, `copy` or `fill`.
    package let label: String
    private let id: Handle

    /// The underlying OpenCL object.
    package var handle: cl_event { id.pointer }

    /// Takes ownership of an event.
    package init(adopting handle: cl_event, label: String) {
        self.label = label
        id = Handle(pointer: handle)
    }

    deinit {
        clReleaseEvent(id.pointer)
    }

    /// The times of a command, by the device's clock.
    package struct Profile: Equatable, Sendable {
        /// When the host enqueued the command.
        package let queuedNanoseconds: UInt64
        /// When the host submitted it to the device.
        package let submittedNanoseconds: UInt64
        /// When it started.
        package let startedNanoseconds: UInt64
        /// When it ended.
        package let endedNanoseconds: UInt64

        /// The time it ran on the device.
        package var elapsedNanoseconds: UInt64 {
            endedNanoseconds >= startedNanoseconds ? endedNanoseconds - startedNanoseconds : 0
        }
    }

    /// Waits until the command has completed.
    ///
    /// - Throws: ``OpenCLError/callFailed(function:status:)`` if it or an earlier command failed.
    package func wait() throws(OpenCLError) {
        var event: cl_event? = handle
        try check("clWaitForEvents", clWaitForEvents(1, &event))
    }

    /// Waits until the command has completed and returns its times.
    ///
    /// - Returns: the times.
    /// - Throws: ``OpenCLError/callFailed(function:status:)``.
    package func profile() throws(OpenCLError) -> Profile {
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

import OpenCL

/// What work on the device took by the device's own clock.
package struct DeviceWork: Equatable, Sendable {
    /// The kernels that ran; of a library's product one.
    package let launches: Int
    /// The sum of their times.
    package let milliseconds: Double
    /// Whether products of a library are among them, of which only the last kernel is in the time.
    package let isPartial: Bool
}

extension OpenCLBackend {
    /// Runs work while the queue keeps events, and sums up its kernels' times.
    ///
    /// Keeping events slows the host a little, so wall-clock times are to be taken without.
    ///
    /// - Parameter work: enqueues operations.
    /// - Returns: the time of all kernels that it enqueued; transfers do not count.
    /// - Throws: what `work` throws, ``/OpenCL/OpenCLError`` if the device fails.
    package func profile(_ work: () throws -> Void) throws -> DeviceWork {
        let collected = queue.collectsEvents
        queue.collectsEvents = true
        defer { queue.collectsEvents = collected }
        _ = queue.takeEvents()
        try work()
        try finish()
        let kernels = queue.takeEvents().filter { !Self.transferLabels.contains($0.label) }
        let nanoseconds = try kernels.reduce(0) { try $0 + $1.profile().elapsedNanoseconds }
        return DeviceWork(
            launches: kernels.count, milliseconds: Double(nanoseconds) / 1e6,
            isPartial: kernels.contains { $0.label == Self.libraryLabel })
    }

    private static var transferLabels: Set<String> { ["write", "read", "copy", "fill"] }
    /// What the events of CLBlast's products are called.
    private static var libraryLabel: String { "gemm" }
}

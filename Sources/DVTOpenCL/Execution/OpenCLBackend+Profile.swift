import OpenCLRuntime

/// What work on the device took by the device's own clock.
package struct DeviceWork: Equatable, Sendable {
    /// The kernels that ran; of a library's product one.
    package let launches: Int
    /// The sum of their times.
    package let milliseconds: Double
    /// Whether products of a library are among them, of which only the last kernel is in the time.
    package let isPartial: Bool
}

/// What one kernel's launches took by the device's own clock.
package struct KernelWork: Equatable, Sendable {
    /// The kernel's name.
    package let name: String
    /// How often it ran.
    package let launches: Int
    /// The sum of its times.
    package let milliseconds: Double
}

extension OpenCLBackend {
    /// Runs work while the queue keeps events, and sums up its kernels' times.
    ///
    /// Keeping events slows the host a little, so wall-clock times are to be taken without.
    ///
    /// - Parameter work: enqueues operations.
    /// - Returns: the time of all kernels that it enqueued; transfers do not count.
    /// - Throws: what `work` throws, ``/OpenCLRuntime/OpenCLError`` if the device fails.
    package func profile(_ work: () throws -> Void) throws -> DeviceWork {
        let kernels = try profileKernels(work)
        return DeviceWork(
            launches: kernels.reduce(0) { $0 + $1.launches },
            milliseconds: kernels.reduce(0) { $0 + $1.milliseconds },
            isPartial: kernels.contains { $0.name == Self.libraryLabel })
    }

    /// The same, kernel by kernel.
    ///
    /// - Parameter work: enqueues operations.
    /// - Returns: the kernels that ran, the costliest first.
    /// - Throws: what `work` throws, ``/OpenCLRuntime/OpenCLError`` if the device fails.
    package func profileKernels(_ work: () throws -> Void) throws -> [KernelWork] {
        let collected = queue.collectsEvents
        queue.collectsEvents = true
        defer { queue.collectsEvents = collected }
        _ = queue.takeEvents()
        try work()
        try finish()
        var sums: [String: (launches: Int, nanoseconds: UInt64)] = [:]
        for event in queue.takeEvents() where !Self.transferLabels.contains(event.label) {
            let sum = sums[event.label] ?? (0, 0)
            let elapsed = try event.profile().elapsedNanoseconds
            sums[event.label] = (sum.launches + 1, sum.nanoseconds + UInt64(elapsed))
        }
        return sums.map { name, sum in
            KernelWork(
                name: name, launches: sum.launches, milliseconds: Double(sum.nanoseconds) / 1e6)
        }.sorted { ($0.milliseconds, $0.name) > ($1.milliseconds, $1.name) }
    }

    private static var transferLabels: Set<String> { ["write", "read", "copy", "fill"] }
    /// What the events of CLBlast's products are called.
    private static var libraryLabel: String { "gemm" }
}

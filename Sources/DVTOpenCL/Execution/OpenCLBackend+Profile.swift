import OpenCLRuntime

/// The kernel time of some operations, measured by the device.
package struct DeviceWork: Equatable, Sendable {
    /// The number of launches; a CLBlast product is one.
    package let launches: Int
    /// The sum of the kernel times.
    package let milliseconds: Double
    /// Whether CLBlast products are included, with the time of their last kernel only.
    package let isPartial: Bool
}

/// The time of all launches of a kernel, measured by the device.
package struct KernelWork: Equatable, Sendable {
    /// The kernel's name.
    package let name: String
    /// The number of launches.
    package let launches: Int
    /// The sum of the times.
    package let milliseconds: Double
}

extension OpenCLBackend {
    /// The peak rates that limit the backend's kernels, given those of its device.
    ///
    /// - Parameter device: the device's rates.
    /// - Returns: the rates.
    package func limits(_ device: DevicePeak) -> DevicePeak { device.limits(product) }

    /// The instruction of the backend's products, or nil for multiply-adds.
    private var product: PeakMeasurement.Quantity? {
        if bfloat16Dot == .native { return .bfloat16Dot }
        guard !matrixInstructions.isEmulation else { return nil }
        return precision == .float32 ? .matrix32 : .matrix16
    }

    /// Runs operations and sums the times of their kernels.
    ///
    /// The queue collects events meanwhile, which slows the host a little: wall-clock times should
    /// be measured without profiling.
    ///
    /// - Parameter work: enqueues operations.
    /// - Returns: the time of all kernels, without transfers.
    /// - Throws: the error of `work`, ``/OpenCLRuntime/OpenCLError`` if the device fails.
    package func profile(_ work: () throws -> Void) throws -> DeviceWork {
        let kernels = try profileKernels(work)
        return DeviceWork(
            launches: kernels.reduce(0) { $0 + $1.launches },
            milliseconds: kernels.reduce(0) { $0 + $1.milliseconds },
            isPartial: kernels.contains { $0.name == Self.libraryLabel })
    }

    /// Runs operations and sums the times of each kernel.
    ///
    /// - Parameter work: enqueues operations.
    /// - Returns: the kernels that ran, in descending order of time.
    /// - Throws: the error of `work`, ``/OpenCLRuntime/OpenCLError`` if the device fails.
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
    /// The label of the events of CLBlast's products.
    private static var libraryLabel: String { "gemm" }
}

package import OpenCLRuntime

/// The peak rates of a device.
package struct DevicePeak: Equatable, Sendable {
    /// Float32 multiply-adds of two operations each, in 10^9 operations per second.
    package let gigaflops: Double
    /// Bytes read and written by a copy, in 10^9 per second.
    package let gigabytes: Double
    /// Multiply-adds of bfloat16 numbers in pairs, in 10^9 operations per second; nil if the device
    /// has no instruction for them.
    package let bfloat16Gigaflops: Double?

    /// Creates peak rates.
    package init(gigaflops: Double, gigabytes: Double, bfloat16Gigaflops: Double? = nil) {
        self.gigaflops = gigaflops
        self.gigabytes = gigabytes
        self.bfloat16Gigaflops = bfloat16Gigaflops
    }

    /// The peak rates that limit a backend's kernels.
    ///
    /// - Parameter dot: how the backend multiplies bfloat16 numbers.
    /// - Returns: the rates, whose ``gigaflops`` are those of ``bfloat16Gigaflops`` if the backend
    ///   uses the instruction.
    func limits(_ dot: BFloat16Dot?) -> DevicePeak {
        guard dot == .native, let bfloat16Gigaflops else { return self }
        return DevicePeak(
            gigaflops: bfloat16Gigaflops, gigabytes: gigabytes,
            bfloat16Gigaflops: bfloat16Gigaflops)
    }

    /// Creates the peak rates from measurements.
    ///
    /// - Parameter measurements: the result of ``PeakMeter/measure()``.
    package init(_ measurements: [PeakMeasurement]) {
        func value(_ quantity: PeakMeasurement.Quantity) -> Double? {
            measurements.first { $0.quantity == quantity }?.value
        }
        guard let gigaflops = value(.multiplyAdds), let gigabytes = value(.copy) else {
            preconditionFailure("a measured peak has multiply-adds and a copy")
        }
        self.init(
            gigaflops: gigaflops, gigabytes: gigabytes, bfloat16Gigaflops: value(.bfloat16Dot))
    }

    /// The fraction of the device's peak rate that an operation reaches.
    ///
    /// - Parameters:
    ///   - multiplyAdds: the multiply-adds; 0 for operations that only move data.
    ///   - byteCount: the bytes read and written.
    ///   - milliseconds: the time.
    /// - Returns: the fraction of ``gigaflops``, or of ``gigabytes`` without multiply-adds.
    package func share(multiplyAdds: Int, byteCount: Int, milliseconds: Double) -> Double {
        multiplyAdds > 0
            ? 2 * Double(multiplyAdds) / milliseconds / 1e6 / gigaflops
            : Double(byteCount) / milliseconds / 1e6 / gigabytes
    }

    /// The fraction of the attainable rate that a kernel reaches in the roofline model: the time
    /// that its arithmetic or its memory traffic takes at the peak rate, whichever is longer, by
    /// the measured time.
    ///
    /// - Parameters:
    ///   - operations: the floating-point operations.
    ///   - byteCount: the bytes read and written.
    ///   - milliseconds: the time.
    /// - Returns: the fraction of min(``gigaflops``, intensity times ``gigabytes``).
    package func rooflineShare(
        operations: Double, byteCount: Double, milliseconds: Double
    ) -> Double {
        max(operations / gigaflops, byteCount / gigabytes) / 1e6 / milliseconds
    }
}

// Stored per device in the cache folder of the program binaries.
extension DevicePeak {
    /// The key includes the compute units, as drivers can be configured to use fewer; the first
    /// number changes with the kernels.
    private static func cacheKey(_ device: Device) -> String {
        "peak 1 of \(device.computeUnits) units"
    }

    /// Stores the peak rates for ``remembered(on:)``, each unless a higher one is stored: other
    /// work on the machine can only lower a measurement.
    ///
    /// - Parameter context: the device's context.
    package func remember(on context: Context) {
        let earlier = Self.remembered(on: context)
        let pairs = [bfloat16Gigaflops, earlier?.bfloat16Gigaflops].compactMap { $0 }
        let most =
            [
                max(gigaflops, earlier?.gigaflops ?? 0),
                max(gigabytes, earlier?.gigabytes ?? 0),
            ] + (pairs.max().map { [$0] } ?? [])
        DeviceCache(context.diskCache).store(
            most.map { "\($0)" }.joined(separator: " "), for: Self.cacheKey(context.device),
            device: context.device)
    }

    /// The highest rates that were measured on a device.
    ///
    /// - Parameter context: the device's context.
    /// - Returns: the rates, or nil if none are stored.
    package static func remembered(on context: Context) -> DevicePeak? {
        let cache = DeviceCache(context.diskCache)
        let text = cache.value(for: cacheKey(context.device), device: context.device)
        let numbers = (text ?? "").split(separator: " ").compactMap { Double($0) }
        guard (2...3).contains(numbers.count), numbers.allSatisfy({ $0 > 0 && $0.isFinite })
        else { return nil }
        return DevicePeak(
            gigaflops: numbers[0], gigabytes: numbers[1],
            bfloat16Gigaflops: numbers.count == 3 ? numbers[2] : nil)
    }
}

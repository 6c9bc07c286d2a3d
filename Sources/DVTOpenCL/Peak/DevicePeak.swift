package import OpenCLRuntime

/// The two ceilings that the share of a peak refers to.
package struct DevicePeak: Equatable, Sendable {
    /// Float32 multiply-adds, two operations each, 10^9 operations a second.
    package let gigaflops: Double
    /// A copy's reads and writes, 10^9 bytes a second.
    package let gigabytes: Double

    /// Creates ceilings.
    package init(gigaflops: Double, gigabytes: Double) {
        self.gigaflops = gigaflops
        self.gigabytes = gigabytes
    }

    /// The ceilings among measurements.
    ///
    /// - Parameter measurements: those of ``PeakMeter/measure()``.
    package init(_ measurements: [PeakMeasurement]) {
        func value(_ quantity: PeakMeasurement.Quantity) -> Double {
            guard let found = measurements.first(where: { $0.quantity == quantity }) else {
                preconditionFailure("a measured peak has its \(quantity.rawValue)")
            }
            return found.value
        }
        self.init(gigaflops: value(.multiplyAdds), gigabytes: value(.copy))
    }

    /// The share of the device's peak that work of one kind reaches.
    ///
    /// - Parameters:
    ///   - multiplyAdds: the multiply-adds; 0 for work that only moves numbers.
    ///   - byteCount: the bytes read and written.
    ///   - milliseconds: how long it takes.
    /// - Returns: of the multiply-adds' ceiling, or without any, of the copy's; 1 is all of it.
    package func share(multiplyAdds: Int, byteCount: Int, milliseconds: Double) -> Double {
        multiplyAdds > 0
            ? 2 * Double(multiplyAdds) / milliseconds / 1e6 / gigaflops
            : Double(byteCount) / milliseconds / 1e6 / gigabytes
    }
}

// Remembered for a device beside the program binaries.
extension DevicePeak {
    /// A driver may be told to use fewer processors, so their number is a part of the key; the
    /// first number changes with the kernels.
    private static func cacheKey(_ device: Device) -> String {
        "peak 1 of \(device.computeUnits) units"
    }

    /// Remembers the ceilings for ``remembered(on:)``, but where more has been reached before:
    /// other work on the machine can only lower what is measured.
    ///
    /// - Parameter context: the device's context.
    package func remember(on context: Context) {
        let earlier = Self.remembered(on: context)
        let most = [
            max(gigaflops, earlier?.gigaflops ?? 0), max(gigabytes, earlier?.gigabytes ?? 0),
        ]
        DeviceCache(context.diskCache).store(
            most.map { "\($0)" }.joined(separator: " "), for: Self.cacheKey(context.device),
            device: context.device)
    }

    /// The most that has been measured on a device.
    ///
    /// - Parameter context: the device's context.
    /// - Returns: the ceilings, or nil if none are remembered.
    package static func remembered(on context: Context) -> DevicePeak? {
        let cache = DeviceCache(context.diskCache)
        let text = cache.value(for: cacheKey(context.device), device: context.device)
        let numbers = (text ?? "").split(separator: " ").compactMap { Double($0) }
        guard numbers.count == 2, numbers.allSatisfy({ $0 > 0 && $0.isFinite }) else { return nil }
        return DevicePeak(gigaflops: numbers[0], gigabytes: numbers[1])
    }
}

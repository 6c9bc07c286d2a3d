package import OpenCLRuntime

/// The peak rates of a device.
package struct DevicePeak: Equatable, Sendable {
    /// Multiply-adds of two operations each, in 10^9 operations per second.
    package let gigaflops: Double
    /// What ``gigaflops`` were measured with: float32 multiply-adds, or one of ``products``.
    package private(set) var arithmetic = PeakMeasurement.Quantity.multiplyAdds
    /// Bytes read and written by a copy, in 10^9 per second.
    package let gigabytes: Double
    /// Multiply-adds by instructions that not every device has, in 10^9 operations per second.
    package let products: [PeakMeasurement.Quantity: Double]

    /// Creates peak rates.
    package init(
        gigaflops: Double, gigabytes: Double,
        products: [PeakMeasurement.Quantity: Double] = [:]
    ) {
        self.gigaflops = gigaflops
        self.gigabytes = gigabytes
        self.products = products
    }

    /// Creates peak rates, or nil if those of every device are missing.
    private init?(_ rates: [PeakMeasurement.Quantity: Double]) {
        guard let gigaflops = rates[.multiplyAdds], let gigabytes = rates[.copy] else { return nil }
        self.init(
            gigaflops: gigaflops, gigabytes: gigabytes,
            products: rates.filter { $0.key.isProduct })
    }

    /// Creates the peak rates from measurements.
    ///
    /// - Parameter measurements: the result of ``PeakMeter/measure()``.
    package init(_ measurements: [PeakMeasurement]) {
        let values = measurements.map { ($0.quantity, $0.value) }
        guard let peak = DevicePeak(Dictionary(uniqueKeysWithValues: values)) else {
            preconditionFailure("a measured peak has multiply-adds and a copy")
        }
        self = peak
    }

    private var rates: [PeakMeasurement.Quantity: Double] {
        products.merging([.multiplyAdds: gigaflops, .copy: gigabytes]) { own, _ in own }
    }

    /// The peak rates that limit kernels.
    ///
    /// - Parameter product: the instruction of their products, or nil for multiply-adds.
    /// - Returns: the rates, whose ``gigaflops`` are those of the instruction if it was measured.
    func limits(_ product: PeakMeasurement.Quantity?) -> DevicePeak {
        guard let product, let gigaflops = products[product] else { return self }
        var limits = DevicePeak(gigaflops: gigaflops, gigabytes: gigabytes, products: products)
        limits.arithmetic = product
        return limits
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
        "peak 2 of \(device.computeUnits) units"
    }

    /// Stores the peak rates for ``remembered(on:)``, each unless a higher one is stored: other
    /// work on the machine can only lower a measurement.
    ///
    /// - Parameter context: the device's context.
    package func remember(on context: Context) {
        let earlier = Self.remembered(on: context)?.rates ?? [:]
        let lines = rates.merging(earlier, uniquingKeysWith: max).map { "\($0.rawValue): \($1)" }
        DeviceCache(context.diskCache).store(
            lines.sorted().joined(separator: "\n"), for: Self.cacheKey(context.device),
            device: context.device)
    }

    /// The highest rates that were measured on a device.
    ///
    /// - Parameter context: the device's context.
    /// - Returns: the rates, or nil if none are stored.
    package static func remembered(on context: Context) -> DevicePeak? {
        let cache = DeviceCache(context.diskCache)
        let text = cache.value(for: cacheKey(context.device), device: context.device) ?? ""
        var rates: [PeakMeasurement.Quantity: Double] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ": ", maxSplits: 1)
            guard parts.count == 2,
                let quantity = PeakMeasurement.Quantity(rawValue: String(parts[0])),
                let rate = Double(parts[1]), rate > 0, rate.isFinite
            else { return nil }
            rates[quantity] = rate
        }
        return DevicePeak(rates)
    }
}

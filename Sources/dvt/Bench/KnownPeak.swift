import DVTOpenCL
import OpenCLRuntime

extension DevicePeak {
    /// The stored peak rates of a device, otherwise measured and stored; printed to standard error.
    ///
    /// - Parameters:
    ///   - context: the device's context.
    ///   - buildOptions: additional compiler options.
    /// - Returns: the rates.
    /// - Throws: ``PeakError`` or ``OpenCLError`` if the measurement fails.
    static func known(on context: Context, buildOptions: String) throws -> DevicePeak {
        let remembered = Self.remembered(on: context)
        let peak = try remembered ?? measured(on: context, buildOptions: buildOptions)
        printError(
            """
            peak: \(decimalText(peak.gigaflops, decimals: 1)) GFLOP/s, \
            \(decimalText(peak.gigabytes, decimals: 1)) GB/s, \
            \(remembered == nil ? "measured now" : "cached; dvt bench peak measures it again")
            """)
        return peak
    }

    private static func measured(
        on context: Context, buildOptions: String
    ) throws -> DevicePeak {
        let meter = try PeakMeter(context: context, buildOptions: buildOptions)
        let peak = DevicePeak(try meter.measure())
        peak.remember(on: context)
        return peak
    }
}

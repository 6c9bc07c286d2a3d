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
        let hasDot = BFloat16Dot.problem(on: context) == nil
        let stored = remembered(on: context)
        let isComplete = stored != nil && (!hasDot || stored?.bfloat16Gigaflops != nil)
        let peak =
            try stored.flatMap { isComplete ? $0 : nil }
            ?? measured(
                on: context, buildOptions: buildOptions, dot: hasDot ? .native : nil)
        let dot = peak.bfloat16Gigaflops.map { "\(decimalText($0, decimals: 1)) in bfloat16, " }
        printError(
            """
            peak: \(decimalText(peak.gigaflops, decimals: 1)) GFLOP/s, \(dot ?? "")\
            \(decimalText(peak.gigabytes, decimals: 1)) GB/s, \
            \(isComplete ? "cached; dvt bench peak measures it again" : "measured now")
            """)
        return peak
    }

    private static func measured(
        on context: Context, buildOptions: String, dot: BFloat16Dot?
    ) throws -> DevicePeak {
        let meter = try PeakMeter(context: context, buildOptions: buildOptions, dot: dot)
        let peak = DevicePeak(try meter.measure())
        peak.remember(on: context)
        return peak
    }
}

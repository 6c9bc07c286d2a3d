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
        let instructions = ProductInstructions(on: context)
        let stored = remembered(on: context).flatMap { peak in
            instructions.quantities.allSatisfy { peak.products[$0] != nil } ? peak : nil
        }
        let peak =
            try stored ?? measured(on: context, buildOptions: buildOptions, instructions)
        let products = instructions.quantities.compactMap { quantity in
            peak.products[quantity].map {
                "\(decimalText($0, decimals: 1)) \(quantity.rawValue), "
            }
        }
        printError(
            """
            peak: \(decimalText(peak.gigaflops, decimals: 1)) GFLOP/s, \(products.joined())\
            \(decimalText(peak.gigabytes, decimals: 1)) GB/s, \
            \(stored != nil ? "cached; dvt bench peak measures it again" : "measured now")
            """)
        return peak
    }

    private static func measured(
        on context: Context, buildOptions: String, _ instructions: ProductInstructions
    ) throws -> DevicePeak {
        let meter = try PeakMeter(
            context: context, buildOptions: buildOptions, instructions: instructions)
        let peak = DevicePeak(try meter.measure())
        peak.remember(on: context)
        return peak
    }
}

import ArgumentParser
import DVTOpenCL
import DVTSupport
import OpenCLRuntime

/// The devices and precisions of a sweep.
struct BenchDeviceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Devices: as in other commands; a list, or the option repeated.",
            discussion: """
                Default: $DVT_DEVICE if set, otherwise the first GPU, otherwise the first other \
                OpenCL device.
                """, valueName: "device,..."))
    var device: [String] = []

    @Option(
        help: ArgumentHelp(
            "Kernel style: vector for CPUs, tile for GPUs.",
            discussion: "Default: the faster one, measured once per device.", valueName: "style"))
    var kernelStyle: KernelStyle?

    @Option(
        help: ArgumentHelp(
            "Precisions: \(Precision.allCases.map(\.rawValue).joined(separator: ", ")); a list, "
                + "or the option repeated.",
            valueName: "precision,..."
        ),
        transform: PrecisionList.init)
    var precision: [PrecisionList] = []

    @Option(
        help: ArgumentHelp(
            "GEMM engine of the linear layers; see `dvt bench kernels --help`.",
            valueName: "engine"))
    var linearEngine: LinearEngine?

    @Flag(name: .shortAndLong, help: "Log kernel builds, batches and times to standard error.")
    var verbose = false

    /// The options of each device, in order; the precision is the default one.
    func deviceOptions() throws -> [DeviceOptions] {
        let names = device.flatMap {
            $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        var standard = try DeviceOptions.parse([])
        standard.kernelStyle = kernelStyle
        standard.linearEngine = linearEngine
        standard.verbose = verbose
        guard !names.isEmpty else { return [standard] }
        return try names.map { name in
            guard !name.isEmpty else {
                throw ValidationError("--device has an empty name; `dvt devices` lists them.")
            }
            var options = standard
            options.device = name
            return options
        }
    }

    /// Opens every device at every precision.
    ///
    /// - Returns: the backends, device by device.
    /// - Throws: ``OpenCLError`` if there is no such device.
    func makeBackends() throws -> [OpenCLBackend] {
        let precisions = precision.flatMap(\.precisions)
        return try deviceOptions().flatMap { options in
            try (precisions.isEmpty ? [options.precision] : precisions).map { precision in
                var options = options
                options.precision = precision
                return try options.makeOpenCLBackend()
            }
        }
    }
}

/// A comma-separated list of precisions.
struct PrecisionList {
    let precisions: [Precision]

    init(_ text: String) throws {
        precisions = try text.split(separator: ",", omittingEmptySubsequences: false).map {
            guard let precision = Precision(argument: String($0)) else {
                let known = Precision.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("\(quoted(String($0))) is not one of \(known)")
            }
            return precision
        }
    }
}

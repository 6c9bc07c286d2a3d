import ArgumentParser
import DVTAutodiff
import DVTCore
import DVTOpenCL
import DVTReference
import DVTSupport
import Glibc
import Logging
import OpenCLRuntime

/// Which device runs a command.
struct DeviceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The device: its index in `dvt devices`, gpu, cpu, part of its name, or reference.",
            discussion: """
                Without it the environment variable DVT_DEVICE counts, and then the first GPU, \
                or else the first other OpenCL device.
                """))
    var device: String?

    @Option(
        help: ArgumentHelp(
            "The kernels' style: vector (CPU-like devices) or tile (GPU-like ones).",
            discussion: "Without it, the faster one, measured once for each device."))
    var kernelStyle: KernelStyle?

    @Option(
        help: ArgumentHelp(
            "What linear maps are computed in: float32 or mixed.",
            discussion: """
                mixed takes float16 inputs and sums in float32, on the tensor cores of NVIDIA \
                GPUs. It is tried first; where it does not work, a warning says why and float32 \
                is used.
                """))
    var precision = Precision.float32

    @Option(
        help: ArgumentHelp(
            "What computes linear maps: one of the engines that `dvt tune` compares.",
            discussion: """
                \(LinearEngine.all.map(\.description).joined(separator: ", ")). matrix computes \
                in mixed precision, and slowly where there are no tensor cores. Without it, what \
                `dvt tune` found fastest, or else the kernels' own.
                """))
    var linearEngine: LinearEngine?

    @Flag(name: .shortAndLong, help: "Log builds, rows and times to standard error.")
    var verbose = false

    /// The log on standard error; `--verbose` makes it tell more than warnings.
    var logger: Logger {
        var logger = Logger(label: "dvt") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = verbose ? .debug : .warning
        return logger
    }

    /// The device that was asked for.
    var selection: String? { device ?? environment("DVT_DEVICE") }

    /// Whether the CPU reference was asked for.
    var isReference: Bool { selection?.lowercased() == "reference" }

    /// Opens the device and says on standard error which one it is.
    ///
    /// - Returns: the backend.
    /// - Throws: ``OpenCLError`` if there is no such device.
    func makeBackend() throws -> any DifferentiableBackend {
        let backend: any DifferentiableBackend =
            isReference ? ReferenceBackend() : try makeOpenCLBackend()
        printError("device: \(backend.deviceName)")
        return backend
    }

    /// Opens the OpenCL device.
    ///
    /// - Returns: the backend.
    /// - Throws: ``OpenCLError`` if there is no such device.
    func makeOpenCLBackend() throws -> OpenCLBackend {
        let backend = try makeOpenCLBackend(on: makeContext())
        let precisionProblem = backend.precisionProblem.map { "float32 instead of mixed: \($0)" }
        for problem in [backend.kernelStyleProblem, backend.tuningProblem, precisionProblem] {
            if let problem { logger.warning("\(problem)") }
        }
        logger.debug("kernel style: \(backend.kernelStyle.rawValue)")
        return backend
    }

    private func makeOpenCLBackend(on context: Context) throws -> OpenCLBackend {
        guard let linearEngine else {
            return try OpenCLBackend(
                context: context, kernelStyle: kernelStyle, precision: precision,
                buildOptions: buildOptions)
        }
        return try OpenCLBackend(
            context: context, kernelStyle: kernelStyle, linearEngine: linearEngine,
            buildOptions: buildOptions)
    }

    /// Opens the OpenCL device without the network's kernels.
    ///
    /// - Returns: the device's context.
    /// - Throws: ``OpenCLError`` if there is no such device.
    func makeContext() throws -> Context {
        let context = try Context(device: DeviceSelector(selection).device())
        announceFirstBuild()
        return context
    }

    /// Compiler options added to the package's own.
    var buildOptions: String { environment("DVT_BUILD_OPTIONS") ?? "" }
}

/// Says why nothing seems to happen where the kernels have never been built before.
private func announceFirstBuild() {
    if case .folder(let folder) = DiskCache.standard, access("\(folder)/programs", F_OK) != 0 {
        printError("kernels: built now, which can take a minute, and kept in \(shown(folder))")
    }
}

/// A variable of the environment.
func environment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
}

extension KernelStyle: ExpressibleByArgument {}
extension Precision: ExpressibleByArgument {}

extension LinearEngine: ExpressibleByArgument {
    /// The engine of a name.
    public init?(argument: String) {
        self.init(argument)
    }
}

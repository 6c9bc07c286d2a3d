import ArgumentParser
import DVTAutodiff
import DVTCore
import DVTOpenCL
import DVTReference
import DVTSupport
import Glibc
import Logging
import OpenCLRuntime

/// The device, kernels and precision of a command.
struct DeviceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Device: index in `dvt devices`, gpu, cpu, part of its name, or reference.",
            discussion: """
                Default: $DVT_DEVICE if set, otherwise the first GPU, otherwise the first other \
                OpenCL device.
                """))
    var device: String?

    @Option(
        help: ArgumentHelp(
            "Kernel style: vector for CPUs, tile for GPUs.",
            discussion: "Default: the faster one, measured once per device.", valueName: "style"))
    var kernelStyle: KernelStyle?

    @Option(
        help: ArgumentHelp(
            "Precision of weights, activations and relations in memory.",
            discussion: """
                Products are summed in float32. Where the device has no instruction for products \
                of 16-bit numbers, or it fails a test, a warning gives the reason, and they are \
                computed in float32. mixed is another name for float16.
                """))
    var precision = Precision.float32

    @Option(
        help: ArgumentHelp(
            "GEMM engine of the linear layers.",
            discussion: """
                \(LinearEngine.all.map(\.description).joined(separator: ", ")). clblast is for \
                float32; mma engines use matrix instructions and emulate them, slowly, on other \
                devices. Default: the fastest found by `dvt tune`, otherwise the default kernels.
                """, valueName: "engine"))
    var linearEngine: LinearEngine?

    @Flag(name: .shortAndLong, help: "Log kernel builds, batches and times to standard error.")
    var verbose = false

    /// The options as arguments of another command.
    var arguments: [String] {
        let values = [
            ("--device", device), ("--kernel-style", kernelStyle?.rawValue),
            ("--precision", precision == .float32 ? nil : precision.rawValue),
            ("--linear-engine", linearEngine?.description),
        ]
        return values.flatMap { name, value in value.map { [name, $0] } ?? [] }
            + (verbose ? ["--verbose"] : [])
    }

    /// The log on standard error: warnings, or with `--verbose` all messages.
    var logger: Logger {
        var logger = Logger(label: "dvt") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = verbose ? .debug : .warning
        return logger
    }

    /// The requested device, or nil for the default.
    var selection: String? { device ?? environment("DVT_DEVICE") }

    /// Whether the CPU reference is requested.
    var isReference: Bool { selection?.lowercased() == "reference" }

    func validate() throws {
        if isReference { try requireFloat32(for: "the reference computes") }
    }

    /// Throws a validation error if the precision is not float32.
    ///
    /// - Parameter work: what needs float32.
    /// - Throws: the error.
    func requireFloat32(for work: String) throws {
        guard precision == .float32 else {
            throw ValidationError(
                "--precision \(precision.rawValue) does not apply: \(work) in float32.")
        }
    }

    /// Throws a validation error for float16, whose range is too small for gradients.
    ///
    /// - Parameter work: what computes gradients.
    /// - Throws: the error.
    func requireRangeOfGradients(for work: String) throws {
        guard precision != .float16 else {
            throw ValidationError(
                "--precision float16 does not apply: \(work) in float32 or bfloat16, as gradients "
                    + "leave the range of float16.")
        }
    }

    /// Opens the device and prints its name to standard error.
    ///
    /// - Returns: the backend.
    /// - Throws: ``OpenCLError`` if there is no such device.
    func makeBackend() throws -> any DifferentiableBackend {
        let backend: any DifferentiableBackend =
            isReference ? ReferenceBackend() : try makeOpenCLBackend()
        let tensors = precision == .float32 ? "" : ", \(precision.rawValue) tensors"
        printError("device: \(backend.deviceName)\(tensors)")
        return backend
    }

    /// Opens the OpenCL device with the network's kernels.
    ///
    /// - Parameter beforeStep: called before each measurement of what suits the device, where that
    ///   is not stored yet; may end it.
    /// - Returns: the backend.
    /// - Throws: ``OpenCLError`` if there is no such device, or the error of `beforeStep`.
    func makeOpenCLBackend(beforeStep: () throws -> Void = {}) throws -> OpenCLBackend {
        let backend = try makeOpenCLBackend(on: makeContext(), beforeStep)
        let precisionProblem = backend.precisionProblem.map {
            "tensors are \(backend.precision.rawValue), but products are computed in float32: \($0)"
        }
        let kernelSources = environment("DVT_KERNEL_SOURCES").map { "kernels are read from \($0)" }
        for problem in [
            backend.kernelStyleProblem, backend.tuningProblem, precisionProblem,
            backend.instructionProblem, kernelSources,
        ] {
            if let problem { logger.warning("\(problem)") }
        }
        logger.debug("kernel style: \(backend.kernelStyle.rawValue)")
        return backend
    }

    private func makeOpenCLBackend(
        on context: Context, _ beforeStep: () throws -> Void
    ) throws -> OpenCLBackend {
        try OpenCLBackend(
            context: context, kernelStyle: kernelStyle, linearEngine: linearEngine,
            precision: precision, buildOptions: buildOptions, beforeStep: beforeStep)
    }

    /// Opens the OpenCL device without the network's kernels.
    ///
    /// - Returns: the context.
    /// - Throws: ``OpenCLError`` if there is no such device.
    func makeContext() throws -> Context {
        let context = try Context(device: DeviceSelector(selection).device())
        announceFirstBuild()
        return context
    }

    /// Additional OpenCL compiler options, for development.
    var buildOptions: String { environment("DVT_BUILD_OPTIONS") ?? "" }
}

/// Announces the first kernel build, which takes a while.
private func announceFirstBuild() {
    if case .folder(let folder) = DiskCache.standard, access("\(folder)/programs", F_OK) != 0 {
        printError("kernels: first build, up to a minute; cached in \(shown(folder))")
    }
}

extension KernelStyle: ExpressibleByArgument {}
extension Precision: ExpressibleByArgument {
    /// Creates the precision with a name; `mixed` is a former name of `float16`.
    public init?(argument: String) {
        self.init(rawValue: argument == "mixed" ? "float16" : argument)
    }
}

extension LinearEngine: ExpressibleByArgument {
    /// Creates the engine with a name.
    public init?(argument: String) {
        self.init(argument)
    }
}

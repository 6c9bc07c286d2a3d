import DVTSupport
import KernelSources
import OpenCLRuntime

/// The package's kernels, built for a device at their first call.
final class KernelLibrary {
    private let context: Context
    private let buildOptions: String
    private var kernels: [KernelFunction: Kernel] = [:]

    init(context: Context, buildOptions: String) {
        self.context = context
        self.buildOptions = buildOptions
    }

    /// Enqueues a kernel.
    ///
    /// - Parameters:
    ///   - call: the kernel, its arguments and its work-items.
    ///   - queue: a queue of the library's context.
    /// - Throws: the errors of ``kernel(for:)``, ``OpenCLError`` if the launch fails.
    func enqueue(_ call: KernelCall, on queue: CommandQueue) throws {
        try queue.enqueue(
            kernel(for: call), arguments: call.arguments.values, global: call.grid.global,
            local: call.grid.local)
    }

    /// The kernel of a call, after a check of the argument names.
    ///
    /// If the driver does not report parameter names, the arguments are used without this check.
    ///
    /// - Parameter call: the call.
    /// - Returns: the kernel.
    /// - Throws: ``OpenCLError`` with the build log if the kernel does not build,
    ///   ``OpenCLBackendError/kernelArguments(kernel:declared:given:)`` if the names, their number
    ///   or their order differ from the kernel's parameters,
    ///   ``OpenCLBackendError/precision(kernel:)`` if the kernel does not take the precision of the
    ///   tensors.
    func kernel(for call: KernelCall) throws -> Kernel {
        guard let macros = call.precisionMacros,
            macros.isEmpty || Self.filesWithElements.contains(call.function.file)
        else {
            throw OpenCLBackendError.precision(kernel: call.function.name)
        }
        let kernel = try kernel(call.function)
        // Checked at every call, as a kernel may be called from several places.
        if let declared = kernel.argumentNames, call.arguments.contradict(declared) {
            throw OpenCLBackendError.kernelArguments(
                kernel: "\(call.function.file).cl: \(call.function.name)", declared: declared,
                given: call.arguments.names)
        }
        return kernel
    }

    /// A kernel, built at the first request.
    func kernel(_ function: KernelFunction) throws -> Kernel {
        if let kernel = kernels[function] { return kernel }
        // Drivers report argument names reliably only with -cl-kernel-arg-info.
        let options =
            ["-cl-std=CL1.2", "-cl-kernel-arg-info", "-w"] + function.options(for: context.device)
            + [buildOptions]
        let program = try context.program(
            name: "\(function.file).cl", source: try Self.source(function.file),
            options: options.joined(separator: " "))
        let kernel = try program.kernel(function.name)
        kernels[function] = kernel
        return kernel
    }

    /// The files whose tensors may have 16-bit elements; the others compute in float32 only.
    private static let filesWithElements: Set<String> = [
        "attention_gradient", "attention_gradient_vector", "attention_mma", "attention_tile",
        "attention_vector", "column_sums", "confidence", "elementwise", "layernorm",
        "linear_float", "linear_mma", "linear_packed", "linear_tile", "loss", "mma_trial",
        "optimizer", "pack_fragments", "performer", "performer_gradient", "performer_vector",
        "product_mma", "relation_mlp", "relation_mma", "resample", "softmax_gradient", "stacking",
        "token_gradients", "tokens",
    ]

    /// A source file, preceded by `common.cl`, with included files in place.
    ///
    /// The files are embedded in the program. With the environment variable `DVT_KERNEL_SOURCES`,
    /// for work on kernels and tests of checkers, they are read from a folder.
    ///
    /// - Parameter file: its name without `.cl`.
    /// - Returns: the text.
    /// - Throws: ``/DVTSupport/FileError`` if the folder lacks a file.
    static func source(_ file: String) throws -> String {
        try included("common.cl") + included("\(file).cl")
    }

    /// A hash of the text of source files, which distinguishes versions of kernels.
    ///
    /// - Parameter files: their names without `.cl`.
    /// - Returns: hexadecimal digits.
    /// - Throws: ``/DVTSupport/FileError`` if a folder of kernels lacks a file.
    static func fingerprint(of files: [String]) throws -> String {
        var hash = Fingerprint()
        for file in files { hash.combine(try source(file).utf8) }
        return hash.hexadecimal
    }

    /// A file with the files that it includes in place.
    private static func included(_ name: String) throws -> String {
        let lines = try text(name).split(separator: "\n", omittingEmptySubsequences: false)
        let own = try lines.enumerated().map { index, line in
            guard line.hasPrefix("#include \""), let other = line.split(separator: "\"").last else {
                return String(line)
            }
            return try included(String(other)) + "#line \(index + 2) \"\(name)\""
        }
        return "#line 1 \"\(name)\"\n" + own.joined(separator: "\n")
    }

    private static func text(_ name: String) throws -> String {
        if let folder = EnvironmentVariables.process["DVT_KERNEL_SOURCES"] {
            let bytes = try readFile("\(folder)/\(name)", limit: 1 << 20)
            return String(decoding: bytes, as: UTF8.self)
        }
        for index in 0..<kernel_source_count {
            if let source = kernel_source_at(index), String(cString: source.pointee.name) == name {
                return String(cString: source.pointee.text)
            }
        }
        preconditionFailure("no kernel source is called \(name)")
    }
}

import DVTEvaluation
import DVTOpenCL
import DVTOutput
import DVTParity
import DVTSupport
import OpenCLRuntime

/// A kernel from a file of the user's, built for one device.
struct UserKernel {
    private let kernel: Kernel
    private let queue: CommandQueue
    private let arguments: [ArgumentText]
    private let work: SizeExpression?
    private let bytes: SizeExpression?

    /// Builds the kernel and checks the arguments.
    ///
    /// - Parameters:
    ///   - options: the file, the kernel and its arguments.
    ///   - device: the device.
    /// - Throws: ``FileError``, ``OpenCLError`` with the log of a failed build, ``SweepError`` or
    ///   ``UserKernelError``.
    init(_ options: KernelOptions, on device: Device) throws {
        let path = options.kernel ?? ""
        let file = try MappedFile(path: path)
        let source = try file.withBytes(in: 0..<file.byteCount) {
            String(decoding: $0, as: UTF8.self)
        }
        // A file that it includes may change between runs, so the binary is not cached.
        let context = try Context(
            device: device, diskCache: .off(reason: "the kernel is the user's"))
        let program = try Self.build(source, path: path, options.compilerOptions, context)
        kernel = try Self.kernel(options.kernelName, of: program)
        queue = try context.makeQueue()
        let names = LaunchSizes.names(dimensions: options.global.count)
        arguments = try options.arg.map { try ArgumentText($0, names: names) }
        work = try options.work.map { try SizeExpression($0, option: "--work", names: names) }
        bytes = try options.bytes.map { try SizeExpression($0, option: "--bytes", names: names) }
        try KernelDeclaration(kernel: kernel, file: path).check(arguments)
    }

    private static func build(
        _ source: String, path: String, _ options: String, _ context: Context
    ) throws -> Program {
        let result = Result { () throws(OpenCLError) in
            try context.program(name: shown(path), source: source, options: options)
        }
        return try result.mapError(printableLog).get()
    }

    /// The log of a failed build quotes the file.
    private static func printableLog(_ error: OpenCLError) -> OpenCLError {
        guard case .buildFailed(let program, let options, let log) = error else { return error }
        let lines = log.replacing("\t", with: "    ").split(separator: "\n")
        return .buildFailed(
            program: program, options: printable(options),
            log: lines.map { printable(String($0)) }.joined(separator: "\n"))
    }

    private static func kernel(_ name: String?, of program: Program) throws -> Kernel {
        let names = program.kernelNames
        guard let name = name ?? (names.count == 1 ? names[0] : nil) else {
            throw UserKernelError(
                names.isEmpty
                    ? "\(program.name) has no kernel; a kernel begins with `kernel void`"
                    : """
                    \(program.name) has several kernels, choose one with --kernel-name: \
                    \(names.joined(separator: ", "))
                    """)
        }
        guard names.isEmpty || names.contains(name) else {
            let question = suggestion(for: name, among: names)
            throw UserKernelError(
                """
                \(program.name) has no kernel \(quoted(name)); \(question.map { "\($0) " } ?? "")\
                its kernels: \(names.joined(separator: ", "))
                """)
        }
        return try program.kernel(name)
    }

    /// A launch whose sizes and arguments were checked.
    struct Launch {
        let sizes: LaunchSizes
        let arguments: UserArguments
        let operations: Double?
        let byteCount: Double?
    }

    /// Computes and checks a launch.
    ///
    /// - Parameters:
    ///   - global: the work-items along each axis.
    ///   - local: those of a group, or nil.
    /// - Returns: the launch.
    /// - Throws: ``SweepError`` or ``UserKernelError``.
    func launch(global: [Int], local: [Int]?) throws -> Launch {
        let sizes = try LaunchSizes(global: global, local: local, of: kernel)
        let values = sizes.values
        return Launch(
            sizes: sizes,
            arguments: try UserArguments(
                arguments, values, kernel: kernel, device: queue.context.device),
            operations: try work.map { Double(try $0.value(values)) },
            byteCount: try bytes.map { Double(try $0.value(values)) })
    }

    /// Times a launch.
    ///
    /// - Parameters:
    ///   - launch: the launch.
    ///   - runs: the numbers of runs.
    ///   - milliseconds: the minimum total time.
    ///   - setting: the configuration of the record.
    ///   - peak: the device's peak.
    /// - Returns: the record.
    /// - Throws: ``OpenCLError``.
    func record(
        _ launch: Launch, runs: RunOptions, milliseconds: Double, setting: BenchSetting,
        peak: DevicePeak
    ) throws -> OperationRecord {
        let values = try launch.arguments.upload(on: queue)
        let benchmark = try OperationBenchmark {
            _ = try queue.enqueue(
                kernel, arguments: values, global: launch.sizes.global, local: launch.sizes.local)
            try queue.finish()
        }
        for _ in 0..<runs.warmup { try benchmark.run() }
        let time = try benchmark.time(repeats: runs.repeats, milliseconds: milliseconds)
        return OperationRecord(
            name: kernel.name, sizes: launch.sizes.record, setting: setting,
            times: OperationTimes(
                time: time, deviceTime: try deviceTime(benchmark, runs: min(runs.repeats, 20)),
                launches: 1),
            operations: launch.operations, byteCount: launch.byteCount, peak: peak)
    }

    private func deviceTime(
        _ benchmark: OperationBenchmark, runs: Int
    ) throws -> TimeStatistics {
        queue.collectsEvents = true
        defer { queue.collectsEvents = false }
        _ = queue.takeEvents()
        return TimeStatistics(
            try (0..<runs).map { _ in
                try benchmark.run()
                return try queue.takeEvents().reduce(0) {
                    $0 + Double(try $1.profile().elapsedNanoseconds) / 1e6
                }
            })
    }
}

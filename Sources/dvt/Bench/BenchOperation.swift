import ArgumentParser
import DVTOpenCL
import DVTOperations
import DVTOutput
import DVTParity
import DVTSupport
import OpenCLRuntime

struct BenchOperation: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "op",
        abstract: "Benchmark single operations or your own kernel at any sizes.",
        usage: """
            dvt bench op <operation> ... [<options>]
            dvt bench op --kernel <file.cl> --global <sizes> [<options>]
            """,
        discussion: """
            Examples:
              dvt bench op --list
              dvt bench op linear --m 64..4096x2 --n 384 --k 1536
              dvt bench op attention --batch 1,8,32 --grid 7..14+7 --format csv
              dvt bench op linear --m 1..4096x4 --device cpu,gpu --roofline page.html
              dvt bench op --kernel saxpy.cl --global 1024..65536x2 --arg float:2.0 \\
                --arg 'buffer:float:{global}' --arg 'buffer:float:{global}' \\
                --work '2*{global}' --bytes '12*{global}'

            Sizes are a value, a list (64,128), a range with a step (64..512+64) or a factor \
            (64..4096x2), or several of these separated by commas. All combinations run on every \
            device at every precision. `--list` has the options of each operation, their defaults \
            and limits; an attention has grid x grid + 1 tokens. Inputs and weights are random. \
            "Of peak" is relative to the roofline: the smaller of the peak FLOP/s and the \
            intensity (FLOP/B) times the bandwidth of `dvt bench peak`, which runs first if the \
            device's peak is unknown. The peak FLOP/s are those of float32, or of bfloat16 where a \
            CPU has an instruction for its products; those of tensor cores are not measured. Bytes \
            count every input and output once.
            """)

    @Argument(
        help: ArgumentHelp("Operations to time.", valueName: "operation"),
        completion: .list(NamedOperation.all.map(\.name)))
    var operations: [String] = []

    @Flag(help: "List the operations with their options and defaults.")
    var list = false

    @OptionGroup var sizes: OperationSizeOptions
    @OptionGroup var kernelOptions: KernelOptions
    @OptionGroup var runs: RunOptions

    @Option(
        help: ArgumentHelp("The time to repeat each measurement for.", valueName: "milliseconds"))
    var timeMs = 200.0

    @Option(
        help: ArgumentHelp("Write a page with a roofline plot.", valueName: "page.html"),
        completion: .file(extensions: ["html"]))
    var roofline: String?

    @OptionGroup var compareOptions: CompareOptions
    @OptionGroup var outputOptions: OutputOptions
    @OptionGroup var deviceOptions: BenchDeviceOptions

    func validate() throws {
        guard timeMs >= 0, timeMs <= 3_600_000 else {
            throw ValidationError("--time-ms takes 0...3600000.")
        }
        guard kernelOptions.kernel == nil else { return try validateKernel() }
        guard list || !operations.isEmpty else {
            throw ValidationError("Name an operation (--list has them), or give --kernel.")
        }
        if list, let size = sizes.given.first {
            throw ValidationError(
                "\(OperationParameter.option(size.key)) does not apply to --list.")
        }
    }

    private func validateKernel() throws {
        guard operations.isEmpty, !list else {
            throw ValidationError("--kernel is instead of an operation and of --list.")
        }
        let given =
            sizes.given.map { OperationParameter.option($0.key) }
            + [
                ("--kernel-style", deviceOptions.kernelStyle != nil),
                ("--precision", !deviceOptions.precision.isEmpty),
                ("--linear-engine", deviceOptions.linearEngine != nil),
            ].filter(\.1).map(\.0)
        if let option = given.first {
            throw ValidationError(
                "\(option) does not apply to --kernel, whose sizes are --global, --local and --arg."
            )
        }
    }

    func run() throws {
        let sweeps = try OperationSweep.sweeps(of: operations, given: sizes.given)
        if list { return try printList(sweeps.map(\.named)) }
        let comparison = try compareOptions.comparison(
            of: .operation(sizes: OperationRecord.sizeKeys))
        let page = try roofline.map { try RooflineReport(path: $0) }
        if kernelOptions.kernel != nil {
            return try benchKernel(comparison, page)
        }
        try bench(sweeps, comparison, page)
    }

    private func printList(_ chosen: [NamedOperation]) throws {
        try outputOptions.withWriter(OperationList.columns) { writer in
            for row in OperationList.rows(chosen.isEmpty ? NamedOperation.all : chosen) {
                try writer.write(row)
            }
        }
    }

    private func bench(
        _ sweeps: [OperationSweep], _ comparison: Comparison?, _ page: RooflineReport?
    ) throws {
        let descriptions = try sweeps.map { (sweep: $0, operations: try $0.operations()) }
        let backends = try deviceOptions.makeBackends()
        for (_, operations) in descriptions {
            for operation in operations {
                for backend in backends { try backend.checkMemory(for: operation) }
            }
        }
        let devices = try withPeaks(backends)
        let keys = Set(sweeps.flatMap { $0.named.parameters.map(\.key) })
        let run = sweepRun(
            keys, settings: backends.map { BenchSetting($0) }, comparison, page)
        try run.run(
            devices.flatMap { backend, peak in
                descriptions.flatMap { sweep, operations in
                    zip(sweep.combinations, operations).map { values, operation in
                        {
                            try record(sweep.named, values, operation, backend, peak)
                        }
                    }
                }
            })
    }

    /// Measures the peak of each device once.
    private func withPeaks(
        _ backends: [OpenCLBackend]
    ) throws -> [(backend: OpenCLBackend, peak: DevicePeak)] {
        var peaks: [String: DevicePeak] = [:]
        return try backends.map { backend in
            let name = backend.deviceName
            if peaks[name] == nil {
                printError("device: \(name), \(backend.kernelStyle.rawValue) kernels")
            }
            let known = try peaks[name] ?? peak(on: backend.context)
            peaks[name] = known
            return (backend, backend.limits(known))
        }
    }

    private func record(
        _ named: NamedOperation, _ values: OperationValues, _ operation: any NetworkOperation,
        _ backend: OpenCLBackend, _ peak: DevicePeak
    ) throws -> OperationRecord {
        // The buffers of other sizes.
        backend.releaseMemory()
        let times = try OperationTimes(
            operation, on: backend, warmup: runs.warmup, repeats: runs.repeats,
            milliseconds: timeMs)
        let sizes = named.parameters.map { ($0.key, values[$0.key].map(OutputValue.init) ?? .null) }
        return OperationRecord(
            name: named.name, sizes: Dictionary(uniqueKeysWithValues: sizes),
            setting: BenchSetting(backend), times: times,
            operations: operation.multiplyAdds > 0 ? 2 * Double(operation.multiplyAdds) : nil,
            byteCount: Double(
                operation.byteCount(elementByteCount: backend.precision.elementByteCount)),
            peak: peak)
    }

    private func benchKernel(_ comparison: Comparison?, _ page: RooflineReport?) throws {
        let launches = try kernelOptions.launches()
        let devices = try deviceOptions.deviceOptions().map { options in
            let context = try options.makeContext()
            let setting = BenchSetting(
                device: context.device.nameAndDriver, kernelStyle: nil, precision: nil)
            printError("device: \(setting.device)")
            let kernel = try UserKernel(kernelOptions, on: context.device)
            let checked = try launches.map { try kernel.launch(global: $0.global, local: $0.local) }
            return (kernel, checked, setting, try peak(on: context))
        }
        let keys = Set(LaunchSizes.names(dimensions: kernelOptions.global.count))
        let run = sweepRun(keys, settings: devices.map(\.2), comparison, page)
        try run.run(
            devices.flatMap { kernel, launches, setting, peak in
                launches.map { launch in
                    {
                        try kernel.record(
                            launch, runs: runs, milliseconds: timeMs, setting: setting, peak: peak)
                    }
                }
            })
    }

    private func peak(on context: Context) throws -> DevicePeak {
        try DevicePeak.known(on: context, buildOptions: environment("DVT_BUILD_OPTIONS") ?? "")
    }

    /// Tables show devices and precisions if there are several.
    private func sweepRun(
        _ keys: Set<String>, settings: [BenchSetting], _ comparison: Comparison?,
        _ page: RooflineReport?
    ) -> SweepRun {
        var shown: Set<String> = []
        if Set(settings.map(\.precision)).count > 1 { shown.insert("precision") }
        if Set(settings.map(\.device)).count > 1 { shown.insert("device") }
        return SweepRun(
            outputOptions: outputOptions,
            report: BenchReport(
                columns: OperationRecord.columns(showing: keys), settings: settings,
                comparison: comparison, shownSettings: shown), page: page)
    }
}

extension OpenCLBackend {
    /// Refuses operations whose tensors exceed the device's memory, before they are made on the
    /// host.
    fileprivate func checkMemory(for operation: any Operation) throws {
        let limit = context.device.globalMemoryBytes
        let byteCount = operation.byteCount(elementByteCount: precision.elementByteCount)
        guard byteCount <= limit else {
            throw NamedOperationError(
                label: operation.label,
                reason: """
                    \(byteCount) bytes exceed the memory of \(deviceName), \(limit) \
                    bytes; use smaller sizes
                    """)
        }
    }
}

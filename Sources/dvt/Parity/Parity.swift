import ArgumentParser
import DVTCheckpoints
import DVTCore
import DVTEvaluation
import DVTModel
import DVTOpenCL
import DVTOperations
import DVTOutput
import DVTParity
import DVTReference

struct Parity: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compare an OpenCL device with the CPU reference, or both with a file.",
        usage: "dvt parity [<options>]",
        discussion: """
            Examples:
              dvt parity --model dvt-deit-small --seed 1 --batch-size 2
              dvt parity --model tiny-deit --layers --format csv
              dvt parity --model tiny-deit --expected tiny_deit_f1r1_s1.safetensors
              dvt parity --weights dvt.safetensors --batch-size 4
              dvt parity --operations
              dvt parity --model tiny-deit --gradients \\
                --expected tiny_deit_gradients_s1.safetensors

            Images are generated from the seed, and so are the weights unless --weights is given. \
            The exit code is 1 if a tensor exceeds its tolerance or an image takes another exit. \
            The base tolerance is the float32 error recorded in the file, or a default: the \
            reference must be within it, OpenCL within four times it. It is larger for weights \
            stored in 16 bits if the file's outputs are of float32 weights.
            """)

    @OptionGroup var modelOptions: ModelOptions

    @Flag(
        help: """
            Compare every operation at edge-case sizes, instead of a model; --small, --filter and \
            --list apply to them.
            """)
    var operations = false

    @Flag(help: "With --operations: only sizes small enough for a simulator such as Oclgrind.")
    var small = false

    @OptionGroup var filter: OperationFilter

    @Option(help: "Seed of weights and images; default: the file's, otherwise 1.")
    var seed: UInt64?

    @Option(
        help: ArgumentHelp(
            "Number of images; default: the file's, otherwise 2.", valueName: "n"))
    var batchSize: Int?

    @Flag(help: "Also compare the intermediates of every block.")
    var layers = false

    @Flag(
        help: ArgumentHelp(
            "Compare the gradients of all parameters and the loss of every exit.",
            discussion: """
                The loss is the sum over the exits of the mean cross-entropy. Labels come from the \
                file, otherwise image i has label i modulo the number of classes.
                """))
    var gradients = false

    @Option(
        help: ArgumentHelp(
            "Compare with logits0, logits1, ... of this file, with its tolerances.",
            valueName: "file.safetensors"),
        completion: .file(extensions: ["safetensors"]))
    var expected: String?

    @OptionGroup var outputOptions: OutputOptions
    @OptionGroup var deviceOptions: DeviceOptions

    func validate() throws {
        if gradients { try deviceOptions.requireRangeOfGradients(for: "gradients are computed") }
        let namesModel = modelOptions.model != nil || modelOptions.weights != nil
        guard namesModel != operations else {
            throw ValidationError("Give either a model (--model, --weights) or --operations.")
        }
        guard !(gradients && layers) else {
            throw ValidationError("--layers and --gradients are mutually exclusive.")
        }
        if let batchSize, !(1...1024).contains(batchSize) {
            throw ValidationError("--batch-size is \(batchSize); it takes 1...1024.")
        }
        guard operations || !(small || filter.filter != nil || filter.list) else {
            throw ValidationError("--small, --filter and --list require --operations.")
        }
        if operations, let option = optionOfModel {
            throw ValidationError("\(option) does not apply to --operations.")
        }
        if deviceOptions.isReference, expected == nil {
            throw ValidationError(
                "The reference needs a file (--expected) or an OpenCL device to compare with.")
        }
    }

    /// The first given option that does not apply to operations, or nil.
    private var optionOfModel: String? {
        let options = [
            ("--seed", seed != nil), ("--batch-size", batchSize != nil), ("--layers", layers),
            ("--feature-reuse", modelOptions.reuse.featureReuse != nil),
            ("--relation-reuse", modelOptions.reuse.relationReuse != nil),
            ("--expected", expected != nil),
        ]
        return options.first(where: \.1)?.0
    }

    func run() throws {
        if filter.list {
            return try filter.printLabels(chosenOperations().map(\.label), outputOptions)
        }
        // Inputs are checked before any output is written.
        let compare =
            try operations
            ? operationsComparison() : gradients ? gradientComparison() : modelComparison()
        var report = ParityReport()
        try outputOptions.withWriter(
            ParityReport.columns, table: .streaming(firstRows: 40)
        ) { writer in
            try compare(&report, writer)
        }
        printError(report.summary)
        guard report.failed == 0 else { throw ExitCode.failure }
    }

    private typealias Comparison = (inout ParityReport, RecordWriter) throws -> Void

    private func chosenOperations() throws -> [any Operation] {
        let all = small ? OperationCatalog.small : OperationCatalog.edges
        return try filter.chosen(all, of: "the catalog") { $0.label }
    }

    private func operationsComparison() throws -> Comparison {
        let chosen = try chosenOperations()
        let backend = try deviceOptions.makeOpenCLBackend()
        printError("device: \(backend.deviceName), \(backend.kernelStyle.rawValue) kernels")
        let reference =
            backend.sums.rounding.map { ReferenceBackend(roundingInputs: $0) } ?? ReferenceBackend()
        return { report, writer in
            for operation in chosen {
                try report.add(
                    .operation(
                        operation, on: backend, against: reference, sums: backend.sums),
                    to: writer)
            }
        }
    }

    private func modelComparison() throws -> Comparison {
        let file = try expected.map { try ExpectedOutputs(path: $0) }
        let model = try loadedModel(
            seed: seed(file), features: file?.featureReuse, relations: file?.relationReuse)
        let run = try parityRun(model, file)
        let backend = deviceOptions.isReference ? nil : try deviceOptions.makeBackend()
        return { report, writer in
            let reference = try run.outputs(on: ReferenceBackend())
            let expectation = file.map {
                ParityExpectation($0.tensors, weightRoundoff: model.storedRoundoff)
            }
            for comparison in try expectation?.compare(reference, sums: .double) ?? [] {
                try report.add(comparison, to: writer)
            }
            guard let backend else { return }
            let outputs = try run.outputs(on: backend)
            let expected = expectation ?? ParityExpectation(reference)
            let sums = (backend as? OpenCLBackend)?.sums ?? .double
            for comparison in try expected.compare(outputs, sums: sums) {
                try report.add(comparison, to: writer)
            }
            try report.add(
                DecisionComparison(outputs, reference), sums: sums, deviceName: outputs.deviceName,
                to: writer)
        }
    }

    private func gradientComparison() throws -> Comparison {
        let file = try expected.map { try ExpectedGradients(path: $0) }
        let seed = seed ?? file?.seed ?? 1
        let model = try loadedModel(seed: seed)
        let configuration = model.configuration
        try file?.check(configuration, seed: seed, batch: batchSize)
        let labels = file?.labels ?? (0..<(batchSize ?? 2)).map { $0 % configuration.classes }
        let run = ParityRun(
            configuration, weights: model.weights,
            images: SyntheticImages.batch(
                configuration.imageShape(batch: labels.count), seed: seed), includesLayers: false)
        let parity = GradientParity(run, labels: labels)
        let expected = try file.map { try ParityGradients($0.tensors, of: configuration) }
        let backend = deviceOptions.isReference ? nil : try deviceOptions.makeOpenCLBackend()
        if let backend { printError("device: \(backend.deviceName)") }
        return { report, writer in
            let reference = try parity.gradients(on: ReferenceBackend())
            if let expected {
                for comparison in try GradientParity.compare(reference, expected, sums: .double) {
                    try report.add(comparison, to: writer)
                }
            }
            guard let backend else { return }
            let actual = try parity.gradients(on: backend)
            for comparison in try GradientParity.compare(
                actual, expected ?? reference, sums: backend.sums)
            {
                try report.add(comparison, to: writer)
            }
        }
    }

    private func seed(_ file: ExpectedOutputs?) -> UInt64 { seed ?? file?.seed ?? 1 }

    private func loadedModel(
        seed: UInt64, features: Bool? = nil, relations: Bool? = nil
    ) throws -> LoadedModel {
        try modelOptions.load(
            otherwise: .synthetic(seed: seed), featureReuse: features, relationReuse: relations)
    }

    private func parityRun(
        _ model: LoadedModel, _ file: ExpectedOutputs?
    ) throws -> ParityRun {
        let seed = seed(file)
        let configuration = model.configuration
        try file?.check(
            configuration, seed: seed, batch: batchSize, includesLayers: layers)
        try model.weights.check(configuration)
        let shape = configuration.imageShape(batch: batchSize ?? file?.batch ?? 2)
        return ParityRun(
            configuration, weights: model.weights,
            images: SyntheticImages.batch(shape, seed: seed), includesLayers: layers)
    }
}

extension OpenCLBackend {
    /// The precision that determines the tolerance.
    fileprivate var sums: SumPrecision {
        switch precision {
        case .float32: .float32
        case .float16: .float16
        case .bfloat16: .bfloat16
        }
    }
}

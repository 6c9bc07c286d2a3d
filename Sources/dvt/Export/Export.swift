import ArgumentParser
import DVTCheckpoints
import DVTCore
import DVTExport
import DVTModel
import DVTSupport
import DVTVision

struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a model for ONNX, timm or Hugging Face transformers.",
        usage: "dvt export [<options>] --to <onnx|timm|transformers> <input> <output>",
        discussion: """
            Examples:
              dvt export --to onnx dvt-cifar10 cifar10-onnx/
              dvt export --to timm --stage 1 dvt.safetensors first-stage/
              dvt export --to transformers deit.safetensors deit/

            ONNX takes every model, as one file per stage: a later stage has what it reuses as \
            further inputs. timm and transformers take stages that are plain Vision Transformers. \
            Weights are written as float32.
            """)

    @Option(help: ArgumentHelp("What the model is written for.", valueName: "target"))
    var to: ExportTarget

    @Option(
        help: ArgumentHelp(
            "Write one stage, from 1.", discussion: "Default: all, in files or folders stage0, ...",
            valueName: "number"))
    var stage: Int?

    @Option(
        help: ArgumentHelp(
            "A model name or a JSON file; optional if the checkpoint has a model card.",
            valueName: "name|file.json"),
        completion: .list(ModelCard.argumentNames))
    var model: String?

    @OptionGroup var reuse: ReuseOptions
    @OptionGroup var labelOptions: LabelOptions
    @OptionGroup var loadingOptions: LoadingOptions

    @Flag(help: "Replace files in an existing folder; others there are kept.")
    var replace = false

    @Argument(
        help: ArgumentHelp(
            "A safetensors, PyTorch or MindSpore checkpoint, or a folder of timm or Hugging Face.",
            discussion: """
                Also \(ShippedModel.name), synthetic:SEED, or a JSON file that lists one weight \
                file per stage.
                """),
        completion: .file())
    var input: String

    @Argument(help: "The folder to write.", completion: .directory)
    var output: String

    func run() throws {
        let loaded = try LoadedModel(converting: input, model: model, loadingOptions, reuse)
        let stages = loaded.configuration.stages.count
        if let stage, stage > stages {
            let name = printable(loaded.configuration.name)
            throw ValidationError("--stage is \(stage), and \(name) has \(stages) stages.")
        }
        try loaded.weights.check(loaded.configuration)
        let interruption = Interruption()
        // Keeps the signal handler installed until the folder is committed.
        try withExtendedLifetime(interruption) {
            let folder = try ExportFolder(path: output, replacing: replace)
            let names = try labelOptions.labels(of: loaded.card)?.names
            var card = loaded.card
            if labelOptions.labels != nil { card.labels = names.map { .list($0) } }
            let exported = ExportedModel(
                card: card,
                weights: InterruptibleWeights(base: loaded.weights, interruption: interruption),
                classNames: names,
                // Files for others need not show this machine's folders.
                source: loaded.weightsName.split(separator: "/").last.map(String.init) ?? "")
            let lines = try exported.write(stage: stage.map { $0 - 1 }, for: to, to: folder)
            for file in folder.files { try loaded.checkIsNoInput(file) }
            try folder.commit()
            for line in lines { printError("\(shown(output)): \(line)") }
        }
    }

    func validate() throws {
        guard !input.hasSuffix(".json") || model == nil else {
            throw ValidationError("--model does not apply: \(input) is a model description.")
        }
        guard !output.isEmpty else { throw ValidationError("The output folder has no name.") }
        if let stage, stage < 1 {
            throw ValidationError("--stage is \(stage); stages are counted from 1.")
        }
    }
}

extension ExportTarget: ExpressibleByArgument {}

/// Weights whose reading ends when the user interrupts the program.
private struct InterruptibleWeights: ParameterSource {
    let base: any ParameterSource
    let interruption: Interruption

    func check(_ configuration: CascadeConfiguration) throws {
        try base.check(configuration)
    }

    func tensor(
        _ parameter: ParameterSpecification, of configuration: CascadeConfiguration
    ) throws -> Tensor {
        // The error discards the partial folder.
        if let code = interruption.exitCode { throw code }
        return try base.tensor(parameter, of: configuration)
    }
}

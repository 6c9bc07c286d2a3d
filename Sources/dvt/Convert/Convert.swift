import ArgumentParser
import DVTCheckpoints
import DVTCore
import DVTModel
import DVTSupport
import DVTVision

struct Convert: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Convert a checkpoint to safetensors with a model card.",
        usage: "dvt convert [<options>] <input> <output>",
        discussion: """
            Examples:
              dvt convert dvt_deit_small.pth.tar dvt.safetensors --model dvt-deit-small
              dvt convert deit_small.pth deit.safetensors --model deit_small_patch16_224 \\
                --dtype float16
              dvt convert dvt.safetensors my.safetensors --threshold 0.7 --labels names.txt

            The file keeps the tensor names, without wrapper prefixes, and the checkpoint's \
            metadata. The model card stores the model, its normalization, labels, thresholds and \
            costs, so other commands need no --model.
            """)

    @Option(
        help: ArgumentHelp(
            "A model name or a JSON file; optional if the checkpoint has a model card.",
            valueName: "name|file.json"),
        completion: .list(ModelCard.argumentNames))
    var model: String?

    @OptionGroup var reuse: ReuseOptions

    @Option(
        help: ArgumentHelp(
            "Data type of the weights.",
            discussion: "Default: the checkpoint's type if it is 16-bit, otherwise float32."))
    var dtype: DTypeArgument?

    @OptionGroup var thresholdOptions: ThresholdOptions
    @OptionGroup var labelOptions: LabelOptions
    @OptionGroup var loadingOptions: LoadingOptions

    @Argument(
        help: ArgumentHelp(
            """
            A safetensors, PyTorch, MindSpore or NumPy (.npz) checkpoint, or a folder of timm or \
            Hugging Face.
            """,
            discussion: """
                Also synthetic:SEED, or a JSON file that lists one weight file per stage.
                """),
        completion: .file())
    var input: String

    @Argument(
        help: "The file to write; replaced if it exists.",
        completion: .file(extensions: ["safetensors"]))
    var output: String

    func run() throws {
        let loaded = try LoadedModel(converting: input, model: model, loadingOptions, reuse)
        try loaded.checkIsNoInput(output)
        let dtype = dtype ?? DTypeArgument(roundoff: loaded.file?.roundoff ?? 0)
        let configuration = loaded.configuration
        try loaded.weights.check(configuration)
        let card = try card(of: loaded)
        let parts = configuration.parameters.flatMap {
            loaded.weights.parts(of: $0, in: configuration)
        }
        _ = try ClassLabels.of(card)
        try write(parts, card, as: dtype, metadata: loaded.metadata)
        let parameters = parts.reduce(0) { $0 + $1.shape.elementCount }
        let bytes = Double(parameters * dtype.fileType.byteCount)
        printError(
            """
            \(shown(output)): \(printable(configuration.name)), \(parts.count) tensors, \
            \(parameters) parameters, \(decimalText(bytes / 1_048_576, decimals: 1)) MiB as \
            \(dtype.rawValue)
            """)
    }

    func validate() throws {
        guard output.hasSuffix(".safetensors") else {
            throw ValidationError("The output file is \(output); it must end in .safetensors.")
        }
        guard !input.hasSuffix(".json") || model == nil else {
            throw ValidationError("--model does not apply: \(input) is a model description.")
        }
    }

    /// The model card with the thresholds and labels of the options.
    private func card(of loaded: LoadedModel) throws -> ModelCard {
        var card = loaded.card
        if let policy = try thresholdOptions.policy(of: loaded) {
            try policy.check(stages: card.configuration.stages.count)
            if case .thresholds(let thresholds, let scoring) = policy {
                card.thresholds = thresholds
                card.scoring = scoring
            }
        }
        if labelOptions.labels != nil {
            card.labels = try labelOptions.labels(of: card).map { .list($0.names) }
        }
        return card
    }

    private func write(
        _ parts: [ParameterPart], _ card: ModelCard, as dtype: DTypeArgument,
        metadata: [String: String]
    ) throws {
        var metadata = metadata
        // Marks the tensors as PyTorch's layout for other readers of safetensors.
        metadata["format"] = "pt"
        metadata[ModelCard.metadataKey] = card.json
        let interruption = Interruption()
        // Keeps the signal handler installed until the file is committed.
        try withExtendedLifetime(interruption) {
            try SafetensorsWriter.write(
                parts.map { (name: $0.name, shape: $0.shape) }, metadata: metadata,
                as: dtype.fileType, to: output
            ) { index in
                // The error discards the partial file.
                if let code = interruption.exitCode { throw code }
                let tensor = try parts[index].read()
                try dtype.check(tensor, named: parts[index].name, from: input)
                return tensor
            }
        }
    }
}

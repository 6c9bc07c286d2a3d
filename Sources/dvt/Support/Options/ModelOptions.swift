import ArgumentParser
import DVTCheckpoints
import DVTModel

/// The model and weights of a command.
struct ModelOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            A JSON file or a model name: \(ModelCard.argumentNames.joined(separator: ", ")), or \
            the timm or Hugging Face name of a plain ViT.
            """,
            discussion: """
                Optional if the weight file has a model card (see `dvt convert`). Default without \
                --weights: the built-in model \(ShippedModel.name), trained on CIFAR-10.
                """,
            valueName: "name|file.json"),
        completion: .list(ModelCard.argumentNames))
    var model: String?

    @Option(
        help: ArgumentHelp(
            """
            A safetensors, PyTorch or MindSpore checkpoint, \(ShippedModel.name), or synthetic:SEED \
            (untrained).
            """,
            valueName: "file|synthetic:seed"),
        completion: .file())
    var weights: WeightsArgument?

    @OptionGroup var checkpointOptions: CheckpointOptions
    @OptionGroup var reuse: ReuseOptions

    /// Loads the model and opens its weights.
    ///
    /// - Parameter otherwise: the weight source if none is specified, or nil.
    /// - Returns: the model; its weights are not checked yet.
    /// - Throws: ``LoadError`` if only one of model and weights is specified, or the file's error.
    func load(otherwise: WeightsArgument? = nil) throws -> LoadedModel {
        try LoadedModel(
            model: model, weights: weights, key: checkpointOptions.checkpointKey,
            otherwise: otherwise
        ) {
            try reuse.applied(to: $0)
        }
    }
}

/// The choice among several sets of weights in one file.
struct CheckpointOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The key of the weights in a PyTorch checkpoint that has several, such as model_ema.",
            discussion: "Default: averaged weights before others; the choice is printed.",
            valueName: "key"))
    var checkpointKey: String?
}

/// A weight source: a file, the built-in model's name, or `synthetic:SEED`.
enum WeightsArgument: ExpressibleByArgument {
    case file(String)
    case synthetic(seed: UInt64)

    init?(argument: String) {
        let prefix = "synthetic:"
        guard argument.hasPrefix(prefix) else {
            self = .file(argument)
            return
        }
        guard let seed = UInt64(argument.dropFirst(prefix.count)) else { return nil }
        self = .synthetic(seed: seed)
    }
}

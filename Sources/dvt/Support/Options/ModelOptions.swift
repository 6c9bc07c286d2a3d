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
                Optional if the weights have a model card (see `dvt convert`) or are a folder of timm \
                or Hugging Face transformers. Default without --weights: the built-in model \
                \(ShippedModel.name), trained on CIFAR-10.
                """,
            valueName: "name|file.json"),
        completion: .list(ModelCard.argumentNames))
    var model: String?

    @Option(
        help: ArgumentHelp(
            """
            A safetensors, PyTorch, MindSpore or NumPy (.npz) checkpoint, a folder that timm or \
            Hugging Face transformers saved, \(ShippedModel.name), or synthetic:SEED (untrained).
            """,
            valueName: "file|folder|synthetic:seed"),
        completion: .file())
    var weights: WeightsArgument?

    @OptionGroup var loadingOptions: LoadingOptions
    @OptionGroup var reuse: ReuseOptions

    /// Loads the model and opens its weights.
    ///
    /// - Parameters:
    ///   - otherwise: the weight source if none is specified, or nil.
    ///   - featureReuse: whether features are reused without the option, or nil.
    ///   - relationReuse: whether relations are reused without the option, or nil.
    ///   - takesBackbones: whether weights may lack a head.
    /// - Returns: the model; its weights are not checked yet.
    /// - Throws: ``LoadError`` if only one of model and weights is specified, or the file's error.
    func load(
        otherwise: WeightsArgument? = nil, featureReuse: Bool? = nil, relationReuse: Bool? = nil,
        takesBackbones: Bool = false
    ) throws -> LoadedModel {
        try LoadedModel(
            model: model, weights: weights, loadingOptions, otherwise: otherwise,
            takesBackbones: takesBackbones
        ) {
            try reuse.applied(to: $0, else: featureReuse, relationReuse)
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

/// How the weights of a checkpoint are read for a model.
struct LoadingOptions: ParsableArguments {
    @OptionGroup var checkpoint: CheckpointOptions

    @Option(
        help: ArgumentHelp(
            "Run the model on images of this size; position embeddings are resampled.",
            discussion: """
                Several sizes, as in 98,140,224, make a cascade of a plain model: each stage runs the \
                same weights on the image at its own size.
                """, valueName: "pixels,..."))
    var imageSize: ImageSizes?
}

/// The sides of a model's images in pixels, one for every stage.
struct ImageSizes: ExpressibleByArgument {
    let sides: [Int]

    init?(argument: String) {
        let sides = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        guard sides.allSatisfy({ $0.map { $0 > 0 } ?? false }) else { return nil }
        self.sides = sides.compactMap { $0 }
    }

    /// Whether they make a cascade of a plain model.
    var makeCascade: Bool { sides.count > 1 }

    /// A model for these images: the same, or a cascade of a plain model.
    func applied(to model: CascadeConfiguration) throws -> CascadeConfiguration {
        try makeCascade ? model.cascade(ofSizes: sides) : model.resized(to: sides[0])
    }
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

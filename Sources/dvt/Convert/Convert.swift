import ArgumentParser
import DVTCheckpoints
import DVTCore
import DVTModel
import DVTSupport
import DVTVision

struct Convert: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a checkpoint as safetensors with a model card.",
        discussion: """
            Examples:
              dvt convert dvt_deit_small.pth.tar dvt.safetensors --model dvt-deit-small
              dvt convert deit_small.pth deit.safetensors --model deit_small_patch16_224 \\
                --dtype float16
              dvt convert dvt.safetensors mine.safetensors --threshold 0.7 --labels names.txt

            The file keeps the tensors' names, without what wraps them, and the checkpoint's own \
            metadata. The card holds the model, its normalization, labels, thresholds and costs, \
            so that the other commands need no --model.
            """)

    @Option(
        help: ArgumentHelp(
            "The model, by name or by a JSON file; not needed where the checkpoint has a card.",
            valueName: "name|file.json"),
        completion: .list(CascadeConfiguration.names))
    var model: String?

    @OptionGroup var reuse: ReuseOptions

    @Option(
        help: ArgumentHelp(
            "The type of every element: float32, float16 or bfloat16.",
            discussion: "Default: float16 or bfloat16 where the checkpoint has it, else float32."))
    var dtype: DTypeArgument?

    @OptionGroup var thresholdOptions: ThresholdOptions
    @OptionGroup var labelOptions: LabelOptions

    @Argument(
        help: ArgumentHelp(
            "The checkpoint: safetensors, PyTorch or MindSpore.",
            discussion: """
                Also synthetic:SEED, or a JSON file that names a file of weights for each stage.
                """),
        completion: .file())
    var input: String

    @Argument(
        help: "The file to create or replace.",
        completion: .file(extensions: ["safetensors"]))
    var output: String

    func run() throws {
        let loaded = try load()
        try loaded.checkIsNoInput(output)
        let dtype = dtype ?? DTypeArgument(roundoff: loaded.file?.roundoff ?? 0)
        let configuration = loaded.configuration
        try loaded.weights.check(configuration)
        let card = try card(of: loaded)
        let parts = configuration.parameters.flatMap {
            loaded.weights.parts(of: $0, in: configuration)
        }
        _ = try ClassLabels.of(card)
        try write(parts, card, as: dtype, metadata: loaded.file?.metadata ?? [:])
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
            throw ValidationError("The file to write is \(output); it takes a name.safetensors.")
        }
        guard !input.hasSuffix(".json") || model == nil else {
            throw ValidationError("--model belongs to a checkpoint; \(input) is a model itself.")
        }
    }

    private func load() throws -> LoadedModel {
        guard let weights = WeightsArgument(argument: input) else {
            throw ValidationError("\(input) names no seed; give synthetic:SEED, SEED a number.")
        }
        let isDescription = input.hasSuffix(".json")
        return try LoadedModel(
            model: isDescription ? input : model, weights: isDescription ? nil : weights
        ) { try reuse.applied(to: $0) }
    }

    /// The card with the thresholds and labels that were asked for.
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
        // What other readers of safetensors look for: tensors laid out as PyTorch's.
        metadata["format"] = "pt"
        metadata[ModelCard.metadataKey] = card.json
        let interruption = Interruption()
        // Ctrl-C while the last bytes go to the disk must find it too.
        try withExtendedLifetime(interruption) {
            try SafetensorsWriter.write(
                parts.map { (name: $0.name, shape: $0.shape) }, metadata: metadata,
                as: dtype.fileType, to: output
            ) { index in
                // What was written so far goes with the error.
                guard !interruption.isRequested else { throw ExitCode(130) }
                let tensor = try parts[index].read()
                try dtype.check(tensor, named: parts[index].name, from: input)
                return tensor
            }
        }
    }
}

/// The type of every element of a file.
enum DTypeArgument: String, ExpressibleByArgument, CaseIterable {
    case float32
    case float16
    case bfloat16

    /// The type of a file whose numbers were rounded so.
    init(roundoff: Double) {
        self = roundoff >= 0x1p-8 ? .bfloat16 : roundoff >= 0x1p-11 ? .float16 : .float32
    }

    var fileType: SafetensorsWriter.ElementType {
        switch self {
        case .float32: .float32
        case .float16: .float16
        case .bfloat16: .bfloat16
        }
    }

    /// Refuses numbers that are none, and those that would become infinite.
    ///
    /// - Parameters:
    ///   - tensor: the numbers.
    ///   - name: the tensor's name.
    ///   - path: the file it comes from.
    /// - Throws: ``ConversionError``.
    func check(_ tensor: Tensor, named name: String, from path: String) throws {
        for value in tensor.values where !rounded(value).isFinite {
            throw ConversionError(path: path, tensor: name, value: value, type: rawValue)
        }
    }

    /// A number as the file will hold it.
    private func rounded(_ value: Float) -> Float {
        switch self {
        case .float32: value
        case .float16: HalfFormat.float16.decode(HalfFormat.float16.encode(value))
        case .bfloat16: HalfFormat.bfloat16.decode(HalfFormat.bfloat16.encode(value))
        }
    }
}

/// A number that a file of weights cannot hold.
struct ConversionError: Error, Equatable, CustomStringConvertible {
    let path: String
    let tensor: String
    let value: Float
    let type: String

    var description: String {
        let number = value.isNaN ? "nan" : "\(value)"
        let place = "\(shown(path)): tensor \(quoted(tensor)) holds \(number)"
        return value.isFinite
            ? "\(place), beyond \(type)'s largest number; choose --dtype float32"
            : "\(place), which is no weight; the checkpoint is damaged or its training diverged"
    }
}

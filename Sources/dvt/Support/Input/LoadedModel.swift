import DVTCheckpoints
import DVTCore
import DVTModel
import DVTSupport
import Glibc

/// A model card with its weight source and checkpoint.
struct LoadedModel {
    /// The model card, with the reuse options applied.
    let card: ModelCard
    /// The weights, not yet checked against the model.
    let weights: any StoredParameterSource
    /// The checkpoint, or nil for synthetic weights and one file per stage.
    let file: (any NamedTensors)?
    /// The input files.
    private let inputs: [String]

    var configuration: CascadeConfiguration { card.configuration }

    /// Loads the model card and opens the weights.
    ///
    /// - Parameters:
    ///   - model: a model name or a JSON file, or nil for the model card of the checkpoint.
    ///   - weights: the weight source, or nil for the files listed in the JSON file.
    ///   - options: the image size, and which weights of a checkpoint are read.
    ///   - otherwise: the weight source if neither specifies one, or nil.
    ///   - takesBackbones: whether weights may lack a head; it is then a head of zeros.
    ///   - configure: applies the reuse options to the configuration.
    /// - Throws: ``LoadError`` if no model or weights are specified, or the file's error.
    init(
        model: String?, weights: WeightsArgument?, _ options: LoadingOptions,
        otherwise: WeightsArgument? = nil, takesBackbones: Bool = false,
        configure: (CascadeConfiguration) throws -> CascadeConfiguration
    ) throws {
        let file: (any NamedTensors)? =
            switch weights {
            case .file(let argument):
                try Checkpoint.open(argument: argument, key: options.checkpoint.checkpointKey)
            case nil where model == nil || model == ShippedModel.name: try ShippedModel.file()
            default: nil
            }
        if options.checkpoint.checkpointKey != nil {
            guard case .file = weights else { throw LoadError.keyWithoutFile }
        }
        if model == nil, weights == nil { ShippedModel.announce() }
        guard
            var card = try model.map(ModelCard.named(orFile:))
                ?? file.map({ try ModelCard(storedIn: $0) })
        else {
            throw LoadError.noModel
        }
        let described = card.configuration
        if let sizes = options.imageSize {
            card.configuration = try sizes.applied(to: card.configuration)
        }
        card.configuration = try configure(card.configuration)
        self.card = card
        self.weights =
            if let file {
                try Self.weights(
                    of: file, isDescribed: model == nil, as: described, sizes: options.imageSize,
                    takesBackbones: takesBackbones, card.configuration)
            } else if case .synthetic(let seed) =
                weights ?? (card.stageWeights == nil ? otherwise : nil)
            {
                SyntheticWeights(seed: seed)
            } else {
                try Self.stageWeights(
                    card, besides: model ?? "", resizes: options.imageSize != nil)
            }
        self.file = file
        let stages = self.weights as? StageWeights
        if let adaptable = self.weights as? any AdaptableWeights {
            for note in try adaptable.notes(for: card.configuration) {
                printError("weights: \(note)")
            }
        }
        let files = [file].compactMap { $0 } + (stages?.files.map(\.file) ?? [])
        inputs =
            files.flatMap { ($0 as? ModelFolder)?.paths ?? [$0.origin] }
            + [model].compactMap { $0 }
        if let file, model != nil, weights != nil, file.metadata[ModelCard.metadataKey] != nil {
            printError("model card: --model overrides the card of \(shown(file.origin))")
        }
    }

    /// The weights of a checkpoint, after a message about what is done with them.
    ///
    /// - Parameters:
    ///   - file: the checkpoint.
    ///   - isDescribed: whether its own description gives the model.
    ///   - described: the model before it takes other images.
    ///   - sizes: the sizes of images that were asked for, or nil for the model's.
    ///   - takesBackbones: whether the weights may lack a head.
    ///   - configuration: the model.
    /// - Returns: the weights, not yet checked.
    /// - Throws: ``LoadError/noHead(path:)`` if they lack one and may not.
    private static func weights(
        of file: any NamedTensors, isDescribed: Bool, as described: CascadeConfiguration,
        sizes: ImageSizes?, takesBackbones: Bool, _ configuration: CascadeConfiguration
    ) throws -> any StoredParameterSource {
        var weights = CheckpointWeights(file, resamplingPositions: isDescribed || sizes != nil)
        if weights.lacksHead, described.stages.count == 1 {
            guard takesBackbones else { throw LoadError.noHead(path: file.origin) }
            weights.fillsMissingHead = true
        }
        if !isDescribed, file.metadata[ModelCard.metadataKey] == nil,
            VisionTransformerConfiguration.plain(described.name) != nil
        {
            let stage = described.stages[0]
            let heads = weights.heads == nil ? "\(stage.heads) heads, " : ""
            printError(
                """
                weights: \(heads)\(stage.activation.rawValue), a LayerNorm epsilon of \
                \(stage.layerNormEpsilon) and the pooling (\(stage.pooling.rawValue)) are those of \
                \(described.name); \(shown(file.origin)) does not state them
                """)
        }
        if file is JAXVisionTransformer, let stage = configuration.stages.first,
            stage.activation != .geluTanh
        {
            printError(
                """
                weights: parameters of the original JAX code, under timm's names; that code computes \
                gelu-tanh, and \(printable(configuration.name)) \(stage.activation.rawValue), as timm
                """)
        }
        if isDescribed, let folder = file as? ModelFolder, !folder.statesPreprocessing,
            described.naming != .timm
        {
            printError(
                """
                preprocessing: \(shown(folder.origin)) has no preprocessor_config.json; images are \
                taken as transformers' ViTImageProcessor does by default: resized as a whole, \
                bilinear, with a mean and deviation of 0.5
                """)
        }
        return sizes?.makeCascade == true
            ? StageWeights(weights, ofEveryStageOf: configuration) : weights
    }

    /// The text entries of the checkpoint, or those of the stages' files below `stage0.` and so on.
    var metadata: [String: String] {
        if let file { return file.metadata }
        var entries: [String: String] = [:]
        for (index, stage) in ((weights as? StageWeights)?.files ?? []).enumerated() {
            for (key, value) in stage.file.metadata {
                entries["stage\(index).\(key)"] = value
            }
        }
        return entries
    }

    /// The checkpoint's thresholds for a range of budgets.
    ///
    /// - Returns: the operating points, or nil if there are none.
    /// - Throws: ``ModelError/invalidDescription(origin:reason:)`` if they do not fit the model.
    func operatingPoints() throws -> OperatingPoints? {
        try file.flatMap { try .stored(in: $0, stages: configuration.stages.count) }
    }

    /// Checks that an output file is not an input file.
    ///
    /// - Parameters:
    ///   - output: the file to write.
    ///   - others: the inputs besides those of the model.
    /// - Throws: ``LoadError/isInput(path:)`` if it is.
    func checkIsNoInput(_ output: String, besides others: [String] = []) throws {
        guard let identity = fileIdentity(output) else { return }
        if (inputs + others).contains(where: { fileIdentity($0) == identity }) {
            throw LoadError.isInput(path: output)
        }
    }

    /// The name of the weights in messages.
    var weightsName: String {
        (weights as? SyntheticWeights).map { "synthetic:\($0.seed)" } ?? file?.origin ?? "stages"
    }

    /// The relative rounding error of weights stored in 16 bits, otherwise 0.
    var storedRoundoff: Double {
        guard let roundoff = file?.roundoff, roundoff > 0x1p-24 else { return 0 }
        return roundoff
    }

    /// Prints a warning to standard error for synthetic weights.
    func warnOfUntrainedWeights() {
        if let synthetic = weights as? SyntheticWeights {
            printError(
                """
                weights: synthetic, seed \(synthetic.seed): untrained, the results are meaningless
                """)
        }
    }

    /// The weight files listed in a JSON file, relative to its folder.
    static func stageWeights(
        _ card: ModelCard, besides model: String, resizes: Bool = false
    ) throws -> StageWeights {
        guard let names = card.stageWeights else { throw LoadError.noWeights }
        let folder = model.lastIndex(of: "/").map { model[...$0] } ?? ""
        return StageWeights(
            try names.map { name in
                let path = name.hasPrefix("/") ? name : folder + name
                return CheckpointWeights(
                    try Checkpoint.open(argument: path), resamplingPositions: resizes)
            })
    }
}

/// The device and inode of a path, or nil if it does not exist.
private func fileIdentity(_ path: String) -> [UInt]? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    return [UInt(status.st_dev), UInt(status.st_ino)]
}

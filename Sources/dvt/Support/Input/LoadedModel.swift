import DVTCheckpoints
import DVTCore
import DVTModel
import DVTSupport
import Glibc

/// A model, where its weights come from, and what a checkpoint says of it.
struct LoadedModel {
    /// The model, with the reuse settings that were asked for.
    let card: ModelCard
    /// Its weights, not checked yet.
    let weights: any StoredParameterSource
    /// The checkpoint, where there is one file.
    let file: (any NamedTensors)?
    /// The files that it was read from.
    private let inputs: [String]

    var configuration: CascadeConfiguration { card.configuration }

    /// Finds a model and its weights.
    ///
    /// - Parameters:
    ///   - model: a name or a JSON file, or nil for the card that the weights' file has.
    ///   - weights: where weights come from, or nil for the files that the JSON file names.
    ///   - otherwise: where weights come from when nobody says it, or nil.
    ///   - configure: gives the cascade the reuse settings that were asked for.
    /// - Throws: ``ModelError`` if no model or weights are named, or the file's error.
    init(
        model: String?, weights: WeightsArgument?, otherwise: WeightsArgument? = nil,
        configure: (CascadeConfiguration) throws -> CascadeConfiguration
    ) throws {
        let file: (any NamedTensors)? =
            switch weights {
            case .file(let path): try Checkpoint.open(path: path)
            case nil where model == nil: try ShippedModel.file()
            default: nil
            }
        guard var card = try model.map(ModelCard.given) ?? file.map({ try ModelCard(storedIn: $0) })
        else {
            throw LoadError.noModel
        }
        card.configuration = try configure(card.configuration)
        self.card = card
        self.weights =
            if let file {
                CheckpointWeights(file)
            } else if case .synthetic(let seed) =
                weights ?? (card.stageWeights == nil ? otherwise : nil)
            {
                SyntheticWeights(seed: seed)
            } else {
                try Self.stageWeights(card, besides: model ?? "")
            }
        self.file = file
        let stageFiles = (self.weights as? StageWeights)?.files.map(\.file.origin) ?? []
        inputs = [file?.origin, model].compactMap { $0 } + stageFiles
        if let file, model != nil, file.metadata[ModelCard.metadataKey] != nil {
            printError("card: that of \(shown(file.origin)) is left aside for --model")
        }
    }

    /// Thresholds for many budgets, where the checkpoint has them.
    ///
    /// - Returns: the rows, or nil.
    /// - Throws: ``ModelError/invalidDescription(origin:reason:)`` if they do not fit the model.
    func operatingPoints() throws -> OperatingPoints? {
        try file.flatMap { try .stored(in: $0, stages: configuration.stages.count) }
    }

    /// Refuses to write where the model was read from.
    ///
    /// - Parameter output: the file to write.
    /// - Throws: ``LoadError/isInput(path:)`` if it is one of the model's own files.
    func checkIsNoInput(_ output: String) throws {
        guard let identity = fileIdentity(output) else { return }
        if inputs.contains(where: { fileIdentity($0) == identity }) {
            throw LoadError.isInput(path: output)
        }
    }

    /// What the weights are called in messages.
    var weightsName: String {
        (weights as? SyntheticWeights).map { "synthetic:\($0.seed)" } ?? file?.origin ?? "stages"
    }

    /// How far storing in 16 bits may have moved the weights, or 0.
    var storedRoundoff: Double {
        guard let roundoff = file?.roundoff, roundoff > 0x1p-24 else { return 0 }
        return roundoff
    }

    /// Says on standard error where weights are no trained ones.
    func warnOfUntrainedWeights() {
        if let synthetic = weights as? SyntheticWeights {
            printError(
                """
                weights: synthetic, seed \(synthetic.seed): untrained, so the results mean nothing
                """)
        }
    }

    /// The files that a JSON file names, which are found from its folder.
    private static func stageWeights(
        _ card: ModelCard, besides model: String
    ) throws -> StageWeights {
        guard let names = card.stageWeights else { throw LoadError.noWeights }
        let folder = model.lastIndex(of: "/").map { model[...$0] } ?? ""
        return StageWeights(
            try names.map { name in
                let path = name.hasPrefix("/") ? name : folder + name
                return CheckpointWeights(try Checkpoint.open(path: path))
            })
    }
}

/// What a command line lacks.
enum LoadError: Error, Equatable, CustomStringConvertible {
    case noModel
    case noWeights
    case isInput(path: String)

    var description: String {
        switch self {
        case .noModel: "no model is named: give --model, or --weights with a file that has a card"
        case .noWeights: "no weights are named: give a checkpoint or synthetic:SEED (--weights)"
        case .isInput(let path):
            "\(shown(path)): is what the model is read from; give another name for the new file"
        }
    }
}

extension ModelCard {
    /// The card of a model by its name, or of the JSON file that describes it.
    ///
    /// - Parameter model: the name, or a path that ends with `.json`.
    /// - Returns: the card.
    /// - Throws: ``ModelError`` if there is no such model, or the file's error.
    static func given(_ model: String) throws -> Self {
        guard model.hasSuffix(".json") else { return try .named(model) }
        let file = try MappedFile(path: model)
        let limit = 64 << 20
        guard file.byteCount <= limit else {
            throw ModelError.invalidDescription(
                origin: model, reason: "it has \(file.byteCount) bytes, more than \(limit)")
        }
        let json = try file.withBytes(in: 0..<file.byteCount) { [UInt8]($0) }
        return try Self(json: json, origin: model)
    }
}

/// Which file a path names, or nil if there is none.
private func fileIdentity(_ path: String) -> [UInt]? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    return [UInt(status.st_dev), UInt(status.st_ino)]
}

import ArgumentParser
import DVTCheckpoints
import DVTModel

/// Which model a command runs, and its weights.
struct ModelOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            The model: a JSON file that describes one, or \
            \(CascadeConfiguration.names.joined(separator: ", ")), or a plain ViT as timm or \
            Hugging Face names it.
            """,
            discussion: """
                Not needed where the weights' file has a model card: see dvt convert. Without \
                --model and --weights the model that is part of the program runs: \
                \(ShippedModel.name), for CIFAR-10's ten classes.
                """,
            valueName: "name|file.json"),
        completion: .list(CascadeConfiguration.names))
    var model: String?

    @Option(
        help: ArgumentHelp(
            "A checkpoint (safetensors, PyTorch, MindSpore), or synthetic:SEED: untrained weights.",
            valueName: "file|synthetic:seed"),
        completion: .file())
    var weights: WeightsArgument?

    @OptionGroup var reuse: ReuseOptions

    /// The model and its weights.
    ///
    /// - Returns: the model; its weights are not checked yet.
    /// - Throws: ``LoadError`` if weights or a model are named without the other, or the file's
    ///   error.
    func load() throws -> LoadedModel {
        try LoadedModel(model: model, weights: weights) { try reuse.applied(to: $0) }
    }
}

/// What the stages of a model reuse.
struct ReuseOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Whether a stage reuses features.", valueName: "on|off"))
    var featureReuse: Switch?

    @Option(help: ArgumentHelp("Whether a stage reuses attention logits.", valueName: "on|off"))
    var relationReuse: Switch?

    /// A model with the settings that were asked for.
    ///
    /// - Parameters:
    ///   - model: the model; its own settings count last.
    ///   - featureReuse: counts where the option was not given, or nil.
    ///   - relationReuse: likewise.
    /// - Returns: the model.
    /// - Throws: ``ModelError`` if relations cannot be reused between its stages.
    func applied(
        to model: CascadeConfiguration, else featureReuse: Bool? = nil,
        _ relationReuse: Bool? = nil
    ) throws -> CascadeConfiguration {
        try model.reusing(
            features: self.featureReuse?.isOn ?? featureReuse ?? model.featureReuse,
            relations: self.relationReuse?.isOn ?? relationReuse ?? model.relationReuse)
    }
}

/// An option that is on or off.
enum Switch: String, ExpressibleByArgument, CaseIterable {
    case on
    case off

    var isOn: Bool { self == .on }
}

/// Where weights come from: a file, or `synthetic:SEED`.
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

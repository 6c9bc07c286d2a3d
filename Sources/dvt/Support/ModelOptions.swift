import ArgumentParser
import DVTCheckpoints
import DVTModel

/// Which model a command runs.
struct ModelOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The model: \(CascadeConfiguration.names.joined(separator: ", ")).",
            valueName: "name"),
        completion: .list(CascadeConfiguration.names))
    var model: String

    @OptionGroup var reuse: ReuseOptions

    /// The model's numbers.
    var configuration: CascadeConfiguration {
        get throws { try reuse.applied(to: .named(model)) }
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

    /// The opened source.
    ///
    /// - Returns: the source.
    /// - Throws: the checkpoint's error if the file cannot be used.
    func open() throws -> any ParameterSource {
        switch self {
        case .file(let path): CheckpointWeights(try SafetensorsFile(path: path))
        case .synthetic(let seed): SyntheticWeights(seed: seed)
        }
    }
}

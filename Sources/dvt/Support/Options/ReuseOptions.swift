import ArgumentParser
import DVTModel

/// The reuse between the stages of a model.
struct ReuseOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Reuse features between stages.", valueName: "on|off"))
    var featureReuse: Switch?

    @Option(help: ArgumentHelp("Reuse attention logits between stages.", valueName: "on|off"))
    var relationReuse: Switch?

    /// Applies the options to a model.
    ///
    /// - Parameters:
    ///   - model: the model, whose own settings have the lowest precedence.
    ///   - featureReuse: the setting used without the option, or nil.
    ///   - relationReuse: the setting used without the option, or nil.
    /// - Returns: the model.
    /// - Throws: ``ModelError`` if the stages cannot reuse relations.
    func applied(
        to model: CascadeConfiguration, else featureReuse: Bool? = nil,
        _ relationReuse: Bool? = nil
    ) throws -> CascadeConfiguration {
        try model.reusing(
            features: self.featureReuse?.isOn ?? featureReuse ?? model.featureReuse,
            relations: self.relationReuse?.isOn ?? relationReuse ?? model.relationReuse)
    }
}

/// `on` or `off`.
enum Switch: String, ExpressibleByArgument, CaseIterable {
    case on
    case off

    var isOn: Bool { self == .on }
}

import ArgumentParser
import DVTModel
import DVTVision

/// The class names of a command.
struct LabelOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Class names: \(ClassLabels.knownNames.joined(separator: ", ")), or a file.",
            discussion: "A file has one name per line, or JSON. Default: the model card's.",
            valueName: "name|file"),
        completion: .file())
    var labels: String?

    /// The class names of a model.
    ///
    /// - Parameter card: the model card.
    /// - Returns: the names, or nil if unknown.
    /// - Throws: ``LabelError`` if they cannot be read or do not match the number of classes.
    func labels(of card: ModelCard) throws -> ClassLabels? {
        guard let labels else { return try .of(card) }
        let found = try ClassLabels.named(labels) ?? ClassLabels(path: labels)
        try found.check(classes: card.configuration.classes, origin: labels)
        return found
    }
}

import ArgumentParser
import DVTModel
import DVTVision

/// How classes are called.
struct LabelOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The classes' names: \(ClassLabels.knownNames.joined(separator: ", ")), or a file.",
            discussion: "A file has one name a line, or JSON. Default: as the model's card says.",
            valueName: "name|file"),
        completion: .file())
    var labels: String?

    /// The names of a model's classes.
    ///
    /// - Parameter card: the model's card.
    /// - Returns: the names, or nil where nobody said.
    /// - Throws: ``LabelError`` if they cannot be read or are for another number of classes.
    func labels(of card: ModelCard) throws -> ClassLabels? {
        guard let labels else { return try .of(card) }
        let found = try ClassLabels.named(labels) ?? ClassLabels(path: labels)
        try found.check(classes: card.configuration.classes, origin: labels)
        return found
    }
}

import DVTCore
public import DVTModel

extension Preprocessing {
    /// What a model takes images through.
    ///
    /// - Parameters:
    ///   - card: the model's card.
    ///   - applyingOrientation: whether images are turned upright as their EXIF data asks.
    /// - Throws: ``/DVTModel/ModelError/invalidConfiguration(name:reason:)`` if the model does not
    ///   take three channels.
    public init(_ card: ModelCard, applyingOrientation: Bool = true) throws {
        let shape = card.configuration.imageShape(batch: 1)
        guard shape[1] == 3 else {
            throw ModelError.invalidConfiguration(
                name: card.configuration.name,
                reason: "it takes \(shape[1]) channels, and images have red, green and blue")
        }
        let normalization = card.normalization
        self.init(
            shorterSide: Int(Double(shape[3]) / normalization.cropFraction), imageSize: shape[3],
            filter: normalization.interpolation == .bicubic ? .bicubic : .bilinear,
            mean: normalization.mean,
            standardDeviation: normalization.standardDeviation,
            applyingOrientation: applyingOrientation)
    }
}

extension ClassLabels {
    /// The labels that a model's card names.
    ///
    /// - Parameter card: the card.
    /// - Returns: the labels, or nil if it names none.
    /// - Throws: ``LabelError`` if no data set has that name, or it has other classes.
    public static func of(_ card: ModelCard) throws(LabelError) -> ClassLabels? {
        let name = card.configuration.name
        switch card.labels {
        case nil: return nil
        case .list(let names): return ClassLabels(names)
        case .dataSet(let dataSet):
            guard let labels = named(dataSet) else {
                throw .unknownName(origin: name, labels: dataSet, known: knownNames)
            }
            try labels.check(classes: card.configuration.classes, origin: dataSet)
            return labels
        }
    }
}

public import DVTModel

extension ClassLabels {
    /// Returns the labels that a model card specifies.
    ///
    /// - Parameter card: the card of the model.
    /// - Returns: the labels, or nil if the card has none.
    /// - Throws: ``LabelError`` if the data set is unknown or has a different number of classes.
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

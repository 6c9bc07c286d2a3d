import DVTCore

extension ReferenceBackend {
    /// Reduces logits to the likeliest class, its softmax probability and a criterion's score.
    ///
    /// - Parameters:
    ///   - logits: `[B, classes]`.
    ///   - criterion: what the score is.
    ///   - temperature: what the score's logits are divided by, above 0.
    /// - Returns: one value an image; of equal logits the first class wins.
    /// - Throws: ``/DVTCore/ShapeError`` if there are no classes.
    public func confidence(
        _ logits: ReferenceTensor, criterion: ExitCriterion, temperature: Float
    ) throws -> [ClassConfidence] {
        let classes = try confidenceClasses(logits.shape)
        return (0..<logits.shape[0]).map { image in
            let row = logits.values[image * classes..<(image + 1) * classes]
            let probabilities = softmax(row)
            let best = row.indices.max { row[$0] < row[$1] || (row[$0] == row[$1] && $0 > $1) }
            let classIndex = (best ?? row.startIndex) - row.startIndex
            return ClassConfidence(
                classIndex: classIndex, confidence: Float(probabilities[classIndex]),
                score: criterion.score(softmax(row, temperature: Double(temperature))))
        }
    }
}

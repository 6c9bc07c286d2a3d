import DVTCore

extension ReferenceBackend {
    /// Reduces logits to the likeliest class and its softmax probability.
    ///
    /// - Parameter logits: `[B, classes]`.
    /// - Returns: one pair an image; of equal logits the first class wins.
    /// - Throws: ``/DVTCore/ShapeError`` if there are no classes.
    public func confidence(_ logits: ReferenceTensor) throws -> [ClassConfidence] {
        let classes = try confidenceClasses(logits.shape)
        return (0..<logits.shape[0]).map { image in
            let row = logits.values[image * classes..<(image + 1) * classes]
            let probabilities = softmax(row)
            let best = row.indices.max { row[$0] < row[$1] || (row[$0] == row[$1] && $0 > $1) }
            let classIndex = (best ?? row.startIndex) - row.startIndex
            return ClassConfidence(
                classIndex: classIndex, confidence: Float(probabilities[classIndex]))
        }
    }
}

import DVTCore

extension ReferenceBackend {
    /// Implements ``/DVTCore/Backend/confidence(_:criterion:temperature:)``.
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
                classIndex: classIndex, probability: Float(probabilities[classIndex]),
                score: criterion.score(softmax(row, temperature: Double(temperature))))
        }
    }
}

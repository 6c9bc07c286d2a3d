package import DVTCore

extension Tensor {
    /// The softmax of each row of logits `[n, C]`, computed in Double.
    package var softmaxRows: [Float] {
        let classes = shape[1]
        var probabilities: [Float] = []
        probabilities.reserveCapacity(values.count)
        for start in stride(from: 0, to: values.count, by: classes) {
            probabilities += ClassConfidence.softmax(values[start..<start + classes])
        }
        return probabilities
    }
}

import DVTCore

/// What is known of every image of a batch while a cascade runs.
struct BatchProgress {
    private var visits: [[ClassConfidence]]
    private var top: [[ClassConfidence]]
    private var stageRows: [Int]
    private let cumulativeMultiplyAdds: [Int]

    init(_ configuration: CascadeConfiguration, count: Int) {
        visits = Array(repeating: [], count: count)
        top = Array(repeating: [], count: count)
        stageRows = Array(repeating: 0, count: configuration.stages.count)
        cumulativeMultiplyAdds = configuration.cumulativeMultiplyAdds
    }

    /// Notes that some images reached an exit.
    ///
    /// - Parameters:
    ///   - exit: the exit, from 0.
    ///   - rows: the images.
    ///   - confidences: one an image.
    /// - Throws: ``ModelError/notFinite(exit:image:)`` if a confidence is not a number.
    mutating func visit(exit: Int, rows: [Int], confidences: [ClassConfidence]) throws {
        stageRows[exit] = rows.count
        for (row, confidence) in zip(rows, confidences) {
            guard confidence.confidence.isFinite else {
                throw ModelError.notFinite(exit: exit, image: row)
            }
            visits[row].append(confidence)
            top[row] = [confidence]
        }
    }

    /// Replaces the one likeliest class of some images by several.
    ///
    /// - Parameters:
    ///   - count: how many classes.
    ///   - logits: `[rows.count, classes]`.
    ///   - rows: the images.
    mutating func take(top count: Int, of logits: Tensor, rows: [Int]) {
        let classes = logits.shape[1]
        for (index, row) in rows.enumerated() {
            let slice = logits.values[index * classes..<(index + 1) * classes]
            top[row] = ClassConfidence.top(slice, count: count)
        }
    }

    /// What became of the batch.
    var result: CascadeResult {
        let predictions = zip(visits, top).map { visits, top in
            let exit = visits.count - 1
            return Prediction(
                exit: exit, top: top, visits: visits, multiplyAdds: cumulativeMultiplyAdds[exit])
        }
        return CascadeResult(predictions: predictions, stageRows: stageRows)
    }
}

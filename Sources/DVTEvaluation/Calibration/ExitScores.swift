package import DVTModel

/// The scores of all exits for labeled images and whether the predictions are correct: the input of
/// threshold selection.
package struct ExitScores: Equatable, Sendable {
    /// The scores compared with the thresholds, `[K][n]`.
    package let scores: [[Float]]
    /// Whether the top-1 class is the label, `[K][n]`; ties select the first class.
    package let isCorrect: [[Bool]]

    /// Scores outputs.
    ///
    /// - Parameters:
    ///   - outputs: the softmax outputs.
    ///   - scoring: the score compared with the thresholds.
    package init(_ outputs: ExitOutputs, scoring: ExitScoring = ExitScoring()) {
        scores = (0..<outputs.exits).map { exit in
            (0..<outputs.images).map {
                scoring.score(outputs.row(exit: exit, image: $0), exit: exit)
            }
        }
        isCorrect = (0..<outputs.exits).map { exit in
            (0..<outputs.images).map { image in
                let row = outputs.row(exit: exit, image: image)
                return row.firstIndex(of: row.max() ?? 0) == row.startIndex + outputs.labels[image]
            }
        }
    }

    /// Stores given scores.
    init(scores: [[Float]], isCorrect: [[Bool]]) {
        self.scores = scores
        self.isCorrect = isCorrect
    }

    /// K, the number of exits.
    package var exits: Int { scores.count }
    /// n, the number of images.
    package var images: Int { scores[0].count }

    /// Evaluates thresholds: each image exits at the first exit whose threshold its score reaches,
    /// or at the last.
    ///
    /// - Parameters:
    ///   - thresholds: one per exit; the last is ignored.
    ///   - costs: the cost of an image for each exit.
    /// - Returns: accuracy, average cost and the share of each exit.
    package func outcome(thresholds: [Float], costs: [Double]) -> ExitOutcome {
        precondition(
            thresholds.count == exits && costs.count == exits,
            "\(exits) exits need as many thresholds and costs")
        var counts = [Int](repeating: 0, count: exits)
        var correct = 0
        for image in 0..<images {
            var exit = 0
            while exit < exits - 1, scores[exit][image] < thresholds[exit] { exit += 1 }
            counts[exit] += 1
            correct += isCorrect[exit][image] ? 1 : 0
        }
        let shares = counts.map { Double($0) / Double(images) }
        return ExitOutcome(
            accuracy: 100 * Double(correct) / Double(images),
            cost: zip(shares, costs).reduce(0) { $0 + $1.0 * $1.1 }, shares: shares)
    }
}

/// The result of thresholds on a set of images.
package struct ExitOutcome: Equatable, Sendable {
    /// The accuracy in percent.
    package let accuracy: Double
    /// The average cost per image, in the unit of the exit costs.
    package let cost: Double
    /// The fraction of images that exits at each exit; the fractions add up to 1.
    package let shares: [Double]
}

internal import DVTCore
package import DVTModel

/// The results of all exits for labeled images, reduced to what accuracies and thresholds need: a
/// few bytes per image and exit, regardless of the number of classes.
package struct EvaluationTally: Equatable, Sendable {
    /// The class of each image, from 0.
    package private(set) var labels: [Int32] = []
    /// The top-1 class, `[K][n]`; ties select the first class.
    package private(set) var predictions: [[Int32]]
    /// The largest softmax probability, `[K][n]`.
    package private(set) var confidences: [[Float]]
    /// The number of classes ranked above the label, `[K][n]`, clamped to 255.
    package private(set) var ranks: [[UInt8]]
    private let scoring: ExitScoring
    /// Empty if the confidence is the score.
    private var otherScores: [[Float]]

    /// Creates an empty tally.
    ///
    /// - Parameters:
    ///   - exits: the number of exits K.
    ///   - scoring: the score compared with the thresholds.
    package init(exits: Int, scoring: ExitScoring = ExitScoring()) {
        self.scoring = scoring
        otherScores = scoring == ExitScoring() ? [] : Array(repeating: [], count: exits)
        predictions = Array(repeating: [], count: exits)
        confidences = Array(repeating: [], count: exits)
        ranks = Array(repeating: [], count: exits)
    }

    /// K, the number of exits.
    package var exits: Int { confidences.count }
    /// n, the number of images.
    package var images: Int { labels.count }

    /// Adds an image.
    ///
    /// - Parameters:
    ///   - probabilities: the softmax outputs of each exit, C values each.
    ///   - label: the class of the image, below C.
    package mutating func add(_ probabilities: [ArraySlice<Float>], label: Int) {
        precondition(probabilities.count == exits, "one row of probabilities per exit")
        labels.append(Int32(label))
        for (exit, row) in probabilities.enumerated() {
            let place = row.startIndex + label
            let own = row[place]
            // Ties rank the lower class first.
            let before = row.indices.count { row[$0] > own || (row[$0] == own && $0 < place) }
            let top = row.indices.max { row[$0] < row[$1] } ?? row.startIndex
            predictions[exit].append(Int32(top - row.startIndex))
            confidences[exit].append(row[top])
            ranks[exit].append(UInt8(min(before, 255)))
            if !otherScores.isEmpty {
                otherScores[exit].append(scoring.score(row, exit: exit))
            }
        }
    }

    /// The scores compared with the thresholds, `[K][n]`.
    package var decidingScores: [[Float]] { otherScores.isEmpty ? confidences : otherScores }

    /// The top-k accuracy of an exit in percent.
    ///
    /// - Parameters:
    ///   - count: the number of classes k, at most 255.
    ///   - exit: the exit, from 0.
    /// - Returns: the accuracy; 0 without images.
    package func accuracy(top count: Int, exit: Int) -> Double {
        guard images > 0 else { return 0 }
        return 100 * Double(ranks[exit].count { $0 < count }) / Double(images)
    }

    /// The scores for threshold selection; requires at least one image.
    package var scores: ExitScores {
        ExitScores(scores: decidingScores, isCorrect: ranks.map { $0.map { $0 == 0 } })
    }
}

internal import DVTCore
public import DVTModel

/// What every exit says of labeled images, as far as accuracies and thresholds need it: a few
/// bytes an image and exit, whatever the number of classes.
public struct EvaluationTally: Equatable, Sendable {
    /// The class of every image, from 0.
    public private(set) var labels: [Int32] = []
    /// The likeliest class, `[K][n]`; of equally likely ones the first.
    public private(set) var predictions: [[Int32]]
    /// The largest softmax probability, `[K][n]`.
    public private(set) var confidences: [[Float]]
    /// How many classes come before the label, `[K][n]`; 255 stands for that many and more.
    public private(set) var ranks: [[UInt8]]
    private let scoring: ExitScoring
    /// Nothing where the confidence decides.
    private var otherScores: [[Float]]

    /// Creates a tally without images.
    ///
    /// - Parameters:
    ///   - exits: K.
    ///   - scoring: what is compared with thresholds.
    public init(exits: Int, scoring: ExitScoring = ExitScoring()) {
        self.scoring = scoring
        otherScores = scoring == ExitScoring() ? [] : Array(repeating: [], count: exits)
        predictions = Array(repeating: [], count: exits)
        confidences = Array(repeating: [], count: exits)
        ranks = Array(repeating: [], count: exits)
    }

    /// K, the number of exits.
    public var exits: Int { confidences.count }
    /// n, the number of images.
    public var images: Int { labels.count }

    /// Adds an image.
    ///
    /// - Parameters:
    ///   - probabilities: the softmax outputs of every exit, C of each.
    ///   - label: the image's class, below C.
    public mutating func add(_ probabilities: [ArraySlice<Float>], label: Int) {
        precondition(probabilities.count == exits, "every exit says something")
        labels.append(Int32(label))
        for (exit, row) in probabilities.enumerated() {
            let place = row.startIndex + label
            let own = row[place]
            // Of equally likely classes the first comes first.
            let before = row.indices.count { row[$0] > own || (row[$0] == own && $0 < place) }
            let likeliest = row.indices.max { row[$0] < row[$1] } ?? row.startIndex
            predictions[exit].append(Int32(likeliest - row.startIndex))
            confidences[exit].append(row[likeliest])
            ranks[exit].append(UInt8(min(before, 255)))
            if !otherScores.isEmpty {
                otherScores[exit].append(scoring.score(row, exit: exit))
            }
        }
    }

    /// What is compared with thresholds, `[K][n]`.
    public var decidingScores: [[Float]] { otherScores.isEmpty ? confidences : otherScores }

    /// The images whose label is among the likeliest classes of an exit, percent.
    ///
    /// - Parameters:
    ///   - count: how many classes, at most 255.
    ///   - exit: the exit, from 0.
    /// - Returns: the accuracy; 0 without images.
    public func accuracy(top count: Int, exit: Int) -> Double {
        guard images > 0 else { return 0 }
        return 100 * Double(ranks[exit].count { $0 < count }) / Double(images)
    }

    /// How sure each exit is and whether it is right, for choosing thresholds; needs an image.
    public var scores: ExitScores {
        ExitScores(scores: decidingScores, isCorrect: ranks.map { $0.map { $0 == 0 } })
    }
}

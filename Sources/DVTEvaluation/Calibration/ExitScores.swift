public import DVTModel

/// How sure every exit is of labeled images, and whether it is right: all that thresholds need.
public struct ExitScores: Equatable, Sendable {
    /// What is compared with thresholds, `[K][n]`.
    public let scores: [[Float]]
    /// Whether the likeliest class is the label, `[K][n]`; of equally likely ones the first counts.
    public let isCorrect: [[Bool]]

    /// Scores outputs.
    ///
    /// - Parameters:
    ///   - outputs: the outputs.
    ///   - scoring: what is compared with thresholds.
    public init(_ outputs: ExitOutputs, scoring: ExitScoring = ExitScoring()) {
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

    /// Takes scores as they are.
    init(scores: [[Float]], isCorrect: [[Bool]]) {
        self.scores = scores
        self.isCorrect = isCorrect
    }

    /// K, the number of exits.
    public var exits: Int { scores.count }
    /// n, the number of images.
    public var images: Int { scores[0].count }

    /// What happens when every image leaves at the first exit whose threshold its score reaches,
    /// or at the last.
    ///
    /// - Parameters:
    ///   - thresholds: one for every exit; the last does not count.
    ///   - costs: what an image costs that leaves at each exit.
    /// - Returns: accuracy, average cost and the share of each exit.
    public func outcome(thresholds: [Float], costs: [Double]) -> ExitOutcome {
        precondition(
            thresholds.count == exits && costs.count == exits,
            "\(exits) exits have as many thresholds and costs")
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

/// What thresholds do to a set of images.
public struct ExitOutcome: Equatable, Sendable {
    /// The images whose class is right, percent.
    public let accuracy: Double
    /// What an image costs on average, in the unit of the exits' costs.
    public let cost: Double
    /// The part of the images that leaves at each exit; they add up to 1.
    public let shares: [Double]
}

/// The thresholds that stand for all images and for none.
enum ThresholdEnds {
    /// No score reaches it; the number that the authors store.
    static let none: Float = 1e8
    /// Every score reaches it; what the authors store for the last exit.
    static let last: Float = -1e8
}

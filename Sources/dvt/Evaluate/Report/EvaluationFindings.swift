import DVTEvaluation

/// The results of an evaluation, prepared for the report.
struct EvaluationFindings {
    let record: EvaluateRecord
    let subject: EvaluationReport.Subject
    /// The cost of an image that exits at each exit, in 10^9 multiply-adds.
    let costs: [Double]
    /// Accuracy against cost over swept thresholds, or nil for one exit.
    let curve: ThresholdCurve?
    /// One summary per exit.
    let summaries: [ExitSummary]
    /// Example images, for at most `classLimit` classes.
    let examples: [ClassExamples]
    /// The wrong predictions with the highest confidence.
    let mistakes: [Int]
    /// The exit of every image.
    let exits: [UInt8]
    /// The predictions at the exits taken, by class.
    let matrix: ConfusionMatrix
    /// The accuracy and the exits of every class with images.
    let classes: [ClassSummary]

    /// The maximum number of classes in the gallery.
    private static let classLimit = 20

    init(_ record: EvaluateRecord, _ subject: EvaluationReport.Subject) {
        self.record = record
        self.subject = subject
        let tally = record.tally
        costs = record.exitCosts
        exits = record.exits
        matrix = record.confusionMatrix
        classes = record.classSummaries
        curve =
            tally.exits > 1
            ? ThresholdCurve(tally.scores, costs: record.exitCosts, stored: subject.stored) : nil
        summaries = tally.summaries(exits: exits)
        examples = tally.examples(
            exits: exits, count: subject.examples, classLimit: Self.classLimit)
        mistakes = tally.mistakes(exits: exits, count: 4 * subject.examples)
    }

    /// The early-exit results, or nil for a model with one exit.
    var early: EarlyExits? { costs.count > 1 ? record.early : nil }

    /// Whether some classes are not shown.
    var omitsClasses: Bool { examples.count < classes.count }

    /// The accuracy of an exit over all images, percent.
    func accuracy(exit: Int) -> Double { record.tally.accuracy(top: 1, exit: exit) }

    /// Images per second of a cascade truncated at an exit, derived from the all-exits run; nil if
    /// nothing was timed.
    func imagesPerSecond(exit: Int) -> Double? {
        guard record.times.images > 0, exit < costs.count - 1 else {
            return record.times.imagesPerSecond
        }
        return Double(record.times.images) / record.exitSeconds[exit]
    }
}

import DVTEvaluation

/// What an evaluation found, worked out for its page.
struct EvaluationFindings {
    let record: EvaluateRecord
    let subject: EvaluationReport.Subject
    /// What an image costs that leaves at each exit, 10^9 multiply-adds.
    let costs: [Double]
    /// What thresholds do, or nil for one exit.
    let curve: ThresholdCurve?
    /// One summary an exit.
    let summaries: [ExitSummary]
    /// Images of some classes.
    let examples: [ClassExamples]
    /// The exit of every image.
    let exits: [UInt8]

    /// More classes make a page that nobody looks through.
    private static let classLimit = 20

    init(_ record: EvaluateRecord, _ subject: EvaluationReport.Subject) {
        self.record = record
        self.subject = subject
        let tally = record.tally
        costs = record.exitCosts
        exits =
            record.early?.exits
            ?? Array(repeating: UInt8(tally.exits - 1), count: tally.images)
        curve =
            tally.exits > 1
            ? ThresholdCurve(tally.scores, costs: record.exitCosts, stored: subject.stored) : nil
        summaries = tally.summaries(exits: exits)
        examples = tally.examples(
            exits: exits, count: subject.examples, classLimit: Self.classLimit)
    }

    /// What early exits did; a model of one exit has none.
    var early: EarlyExits? { costs.count > 1 ? record.early : nil }

    /// Whether there are classes that the page leaves out.
    var leavesOutClasses: Bool { examples.count < Set(record.tally.labels).count }

    /// The accuracy of one exit for all images, percent.
    func accuracy(exit: Int) -> Double { record.tally.accuracy(top: 1, exit: exit) }

    /// The images a second of a cascade that ends at an exit, by the run through all exits; nil
    /// where nothing was timed.
    func imagesPerSecond(exit: Int) -> Double? {
        guard record.times.images > 0, exit < costs.count - 1 else {
            return record.times.imagesPerSecond
        }
        return Double(record.times.images) / record.exitSeconds[exit]
    }
}

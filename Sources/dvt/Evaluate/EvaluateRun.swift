import DVTCore
import DVTEvaluation
import DVTModel
import DVTOutput
import DVTParity
import DVTVision

/// What images took on the device, decoding apart.
struct RunTimes {
    private(set) var images = 0
    private(set) var seconds = 0.0
    /// From the batch's start to an image's exit, milliseconds.
    private(set) var latencies: [Double] = []

    mutating func add(seconds: Double, latencies: [Double]) {
        images += latencies.count
        self.seconds += seconds
        self.latencies += latencies
    }

    /// The images a second, or nil where nothing was timed.
    var imagesPerSecond: Double? { images > 0 ? Double(images) / seconds : nil }
    var statistics: TimeStatistics? { latencies.isEmpty ? nil : TimeStatistics(latencies) }
}

/// How images left a cascade that really let them leave.
struct EarlyExits {
    let policy: ExitPolicy
    /// The exit of every image.
    fileprivate(set) var exits: [UInt8] = []
    /// The images that were right at their exit.
    fileprivate(set) var correct = 0
    fileprivate(set) var times = RunTimes()
    /// The images that would have left elsewhere by what the run through all exits said.
    fileprivate(set) var differing = 0

    /// The images that were right at their exit, percent.
    var accuracy: Double { 100 * Double(correct) / Double(max(exits.count, 1)) }

    /// What an image cost on average.
    ///
    /// - Parameter costs: what an image costs that leaves at each exit.
    /// - Returns: the average, in their unit.
    func cost(_ costs: [Double]) -> Double {
        costs.enumerated().reduce(0) { $0 + share($1.offset) * $1.element }
    }

    /// The part of the images that left at an exit.
    func share(_ exit: Int) -> Double {
        exits.isEmpty ? 0 : Double(exits.count { $0 == exit }) / Double(exits.count)
    }
}

/// Labeled images through a cascade: through all exits, and with early exits beside that.
///
/// Both run on each batch in turn, so that their times compare whatever else the machine does.
struct EvaluateRun<B: Backend> {
    let model: DynamicVisionTransformer<B>
    private(set) var tally: EvaluationTally
    /// The place of every image in its set, which has unreadable images too.
    private(set) var places: [Int32] = []
    /// Times of the run through all exits.
    private(set) var times = RunTimes()
    /// The times from the batches' starts until each exit had answered in that run, added up.
    private(set) var exitSeconds: [Double]
    /// What an image takes that leaves at each exit, in batches that all leave there, milliseconds.
    var exitMilliseconds: [Double] {
        exitSeconds.map { 1000 * $0 / Double(max(times.images, 1)) }
    }
    /// What the early exits did, or nil where all images were to take the last one.
    private(set) var early: EarlyExits?
    private var isWarm = false

    /// Creates a run.
    ///
    /// - Parameters:
    ///   - model: the cascade.
    ///   - policy: which images leave at which exit.
    init(_ model: DynamicVisionTransformer<B>, policy: ExitPolicy) {
        self.model = model
        tally = EvaluationTally(
            exits: model.configuration.stages.count, scoring: policy.scoring)
        exitSeconds = Array(repeating: 0, count: tally.exits)
        early = policy == .allExits ? nil : EarlyExits(policy: policy)
    }

    /// Takes in what an interrupted run has kept; times are only of what runs now.
    ///
    /// - Parameters:
    ///   - probabilities: of every exit, `[n, C]`.
    ///   - labels: the classes of the images.
    ///   - places: their places in the set.
    mutating func restore(_ probabilities: [[Float]], labels: [Int], places: [Int]) {
        note(probabilities, labels: labels, places: places)
        guard var early else { return }
        for image in tally.images - labels.count..<tally.images {
            let exit = exit(of: image, policy: early.policy)
            early.exits.append(UInt8(exit))
            early.correct += tally.ranks[exit][image] == 0 ? 1 : 0
        }
        self.early = early
    }

    /// Runs a batch.
    ///
    /// - Parameters:
    ///   - batch: the images.
    ///   - places: their places in the set.
    /// - Returns: the softmax outputs of every exit, `[B, C]`.
    /// - Throws: the model's or the backend's error.
    mutating func add(_ batch: ImageBatch, places: [Int]) throws -> [[Float]] {
        if !isWarm {
            // The first run builds kernels and packs weights.
            _ = try timed(batch.images, policy: .allExits)
            isWarm = true
        }
        let all = try timed(batch.images, policy: .allExits)
        times.add(seconds: all.seconds, latencies: all.latencies)
        for (exit, seconds) in all.answers.enumerated() { exitSeconds[exit] += seconds }
        let probabilities = try all.visits.map {
            try model.backend.download($0.logits).softmaxRows
        }
        note(probabilities, labels: batch.labels, places: places)
        if let policy = early?.policy { try addEarly(batch, policy: policy) }
        return probabilities
    }

    private mutating func addEarly(_ batch: ImageBatch, policy: ExitPolicy) throws {
        let run = try timed(batch.images, policy: policy)
        var early = early ?? EarlyExits(policy: policy)
        early.times.add(seconds: run.seconds, latencies: run.latencies)
        var exits = [UInt8](repeating: 0, count: batch.labels.count)
        for visit in run.visits {
            for row in visit.leaving {
                let image = visit.rows[row]
                exits[image] = UInt8(visit.exit)
                let isCorrect = visit.confidences[row].classIndex == batch.labels[image]
                early.correct += isCorrect ? 1 : 0
            }
        }
        let first = tally.images - batch.labels.count
        early.differing += exits.indices.count {
            Int(exits[$0]) != exit(of: first + $0, policy: policy)
        }
        early.exits += exits
        self.early = early
    }

    /// One run of the cascade with what it said and took.
    private struct Timed {
        var visits: [ExitVisit<B.DeviceTensor>] = []
        var latencies: [Double]
        /// When each exit that ran had answered, from the start.
        var answers: [Double] = []
        var seconds = 0.0
    }

    private func timed(_ images: Tensor, policy: ExitPolicy) throws -> Timed {
        var run = Timed(latencies: Array(repeating: 0, count: images.shape[0]))
        let start = ContinuousClock.now
        try model.run(images, policy: policy) { visit in
            let milliseconds = (ContinuousClock.now - start) / .milliseconds(1)
            for (row, confidence) in zip(visit.rows, visit.confidences)
            where !confidence.confidence.isFinite {
                throw ModelError.notFinite(exit: visit.exit, image: tally.images + row)
            }
            run.visits.append(visit)
            run.answers.append(milliseconds / 1000)
            for row in visit.leaving { run.latencies[visit.rows[row]] = milliseconds }
        }
        run.seconds = (ContinuousClock.now - start) / .seconds(1)
        return run
    }

    private mutating func note(_ probabilities: [[Float]], labels: [Int], places: [Int]) {
        self.places += places.map { Int32($0) }
        let classes = model.configuration.classes
        for (row, label) in labels.enumerated() {
            tally.add(
                probabilities.map { $0[row * classes..<(row + 1) * classes] }, label: label)
        }
    }

    /// The exit that an image takes by what the run through all exits said.
    private func exit(of image: Int, policy: ExitPolicy) -> Int {
        policy.exit(for: tally.decidingScores.map { $0[image] })
    }
}

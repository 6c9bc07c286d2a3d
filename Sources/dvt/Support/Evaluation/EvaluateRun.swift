import DVTCore
import DVTEvaluation
import DVTModel
import DVTOutput
import DVTParity
import DVTVision

/// The results of the run with early exits.
struct EarlyExits {
    let policy: ExitPolicy
    /// The exit of every image.
    fileprivate(set) var exits: [UInt8] = []
    /// The number of images classified correctly at their exit.
    fileprivate(set) var correct = 0
    fileprivate(set) var times = RunTimes()
    /// The number of images whose exit differs from the all-exits run's prediction.
    fileprivate(set) var differing = 0

    /// Top-1 accuracy at the exits taken, percent.
    var accuracy: Double { 100 * Double(correct) / Double(max(exits.count, 1)) }

    /// The mean cost per image.
    ///
    /// - Parameter costs: the cost of an image that exits at each exit.
    /// - Returns: the mean, in the unit of `costs`.
    func cost(_ costs: [Double]) -> Double {
        costs.enumerated().reduce(0) { $0 + share($1.offset) * $1.element }
    }

    /// The fraction of images that took an exit.
    func share(_ exit: Int) -> Double {
        exits.isEmpty ? 0 : Double(exits.count { $0 == exit }) / Double(exits.count)
    }
}

/// Runs labeled images through a cascade, both through all exits and with early exits.
///
/// The two runs alternate batch by batch, so that their times are comparable.
struct EvaluateRun<B: Backend> {
    let model: DynamicVisionTransformer<B>
    private(set) var tally: EvaluationTally
    /// The index of every image in its data set, which includes unreadable images.
    private(set) var places: [Int32] = []
    /// Times of the all-exits run.
    private(set) var times = RunTimes()
    /// For each exit, the time from batch start to the exit's output, summed over the batches.
    private(set) var exitSeconds: [Double]
    /// The time per image if all images exit at each exit, milliseconds.
    var exitMilliseconds: [Double] {
        exitSeconds.map { 1000 * $0 / Double(max(times.images, 1)) }
    }
    /// The early-exit results, or nil if the policy takes the last exit for all images.
    private(set) var early: EarlyExits?
    private var isWarm = false

    init(_ model: DynamicVisionTransformer<B>, policy: ExitPolicy) {
        self.model = model
        tally = EvaluationTally(
            exits: model.configuration.stages.count, scoring: policy.scoring)
        exitSeconds = Array(repeating: 0, count: tally.exits)
        early = policy == .allExits ? nil : EarlyExits(policy: policy)
    }

    /// Adds the saved results of an interrupted run; times cover only the current run.
    ///
    /// - Parameters:
    ///   - probabilities: the softmax outputs of every exit, `[n, C]`.
    ///   - labels: the classes of the images.
    ///   - places: their indices in the data set.
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
    ///   - places: their indices in the data set.
    /// - Returns: the softmax outputs of every exit, `[B, C]`.
    /// - Throws: the model's or the backend's error.
    mutating func add(_ batch: ImageBatch, places: [Int]) throws -> [[Float]] {
        if !isWarm {
            // The first run builds kernels and prepares weights.
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
            for row in visit.exiting {
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

    /// The outputs and times of one run of the cascade.
    private struct Timed {
        var visits: [ExitVisit<B.DeviceTensor>] = []
        var latencies: [Double]
        /// Time from the start to the output of each exit that ran, seconds.
        var answers: [Double] = []
        var seconds = 0.0
    }

    private func timed(_ images: Tensor, policy: ExitPolicy) throws -> Timed {
        var run = Timed(latencies: Array(repeating: 0, count: images.shape[0]))
        let start = ContinuousClock.now
        try model.run(images, policy: policy) { visit in
            let milliseconds = (ContinuousClock.now - start) / .milliseconds(1)
            for (row, confidence) in zip(visit.rows, visit.confidences)
            where !confidence.probability.isFinite {
                throw ModelError.notFinite(exit: visit.exit, image: tally.images + row)
            }
            run.visits.append(visit)
            run.answers.append(milliseconds / 1000)
            for row in visit.exiting { run.latencies[visit.rows[row]] = milliseconds }
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

    /// The exit that the all-exits run predicts for an image.
    private func exit(of image: Int, policy: ExitPolicy) -> Int {
        policy.exit(for: tally.decidingScores.map { $0[image] })
    }
}

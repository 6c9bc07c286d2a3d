/// How a cascade is trained: everything but the images and the model.
public struct TrainingRecipe: Hashable, Sendable {
    /// The passes over the images, or nil where time alone ends the run.
    public var epochs: Int? = 100
    /// The hours of training after which the run ends, or nil; the schedule follows whichever of
    /// the two is further on.
    public var maxHours: Double?
    /// The images of a batch.
    public var batchSize = 128
    /// The batches whose gradients make one step.
    public var accumulation = 1
    /// The learning rate after the warm-up.
    public var learningRate = 1e-3
    /// The learning rate at the end.
    public var lastLearningRate = 1e-5
    /// The part of the run that warms up.
    public var warmup = 0.05
    /// The numbers of the optimizer.
    public var optimizer = AdamWSettings(clipNorm: 1)
    /// How much of the averaged weights a step leaves, or nil where none are kept.
    public var averageDecay: Double? = 0.999
    /// The probability that dropout clears an element.
    public var dropout = 0.0
    /// The probability that a branch of the last block is left out.
    public var stochasticDepth = 0.1
    /// Whether the gradient ends at reused features; nil means as the model's authors have it.
    public var stopsReusedFeatures: Bool?
    /// Chooses the start, the order of the images, and all that is drawn.
    public var seed: UInt64 = 0
    /// What is changed in images and labels at random.
    public var augmentation = AugmentationConfiguration.standard

    /// Creates the authors' recipe, for an effort of 100 epochs.
    public init() {}

    /// The learning rate over the run.
    public var schedule: LearningRateSchedule {
        LearningRateSchedule(peak: learningRate, last: lastLearningRate, warmup: warmup)
    }

    /// How much of the run is done.
    ///
    /// - Parameters:
    ///   - done: the epochs done, with their fraction.
    ///   - seconds: the time spent.
    /// - Returns: 0 ... 1; 1 means that the run is over.
    public func progress(epochs done: Double, seconds: Double) -> Double {
        let byEpochs = epochs.map { $0 > 0 ? done / Double($0) : 1 } ?? 0
        let byTime = maxHours.map { seconds / ($0 * 3600) } ?? 0
        return min(max(byEpochs, byTime), 1)
    }
}

extension TrainingRecipe {
    /// Refuses numbers outside their ranges.
    ///
    /// - Parameter origin: where they come from, for the message.
    /// - Throws: ``TrainingError/invalidRecipe(origin:reason:)`` naming the first.
    package func check(origin: String) throws(TrainingError) {
        func require(_ isRight: Bool, _ reason: String) throws(TrainingError) {
            guard isRight else { throw .invalidRecipe(origin: origin, reason: reason) }
        }
        try require(
            epochs != nil || maxHours != nil, "neither epochs nor max_hours ends the run; give one")
        try require(epochs.map { $0 >= 1 } ?? true, "epochs takes at least 1")
        try require(
            maxHours.map { $0 > 0 && $0.isFinite } ?? true, "max_hours takes a number above 0")
        try require((1...65_536).contains(batchSize), "batch_size takes 1...65536")
        try require((1...4096).contains(accumulation), "accumulation takes 1...4096")
        try require(learningRate > 0 && learningRate < 10, "lr takes a number above 0, below 10")
        try require(
            lastLearningRate >= 0 && lastLearningRate <= learningRate, "min_lr takes 0 up to lr")
        try require((0...1).contains(warmup), "warmup takes 0...1, a part of the run")
        for (name, value) in [
            ("drop", dropout), ("drop_path", stochasticDepth), ("beta1", optimizer.beta1),
            ("beta2", optimizer.beta2), ("model_ema_decay", averageDecay ?? 0),
        ] {
            try require(
                value >= 0 && value < 1, "\(name) takes 0 up to, but not including, 1")
        }
        try require((0...10).contains(optimizer.weightDecay), "weight_decay takes 0...10")
        try require(optimizer.epsilon > 0, "opt_eps takes a number above 0")
        try require(optimizer.clipNorm.map { $0 > 0 } ?? true, "clip_grad takes a number above 0")
    }
}

/// The settings of a training run, except for the images and the model.
package struct TrainingRecipe: Hashable, Sendable {
    /// The number of epochs, or nil if only the time limits the run.
    package var epochs: Int? = 100
    /// The time limit in hours, or nil; the schedule follows the limit that is closer.
    package var maxHours: Double?
    /// The batch size.
    package var batchSize = 128
    /// The number of batches whose gradients are accumulated per step.
    package var accumulation = 1
    /// The learning rate after the warm-up.
    package var learningRate = 1e-3
    /// The learning rate at the end.
    package var lastLearningRate = 1e-5
    /// The warm-up as a fraction of the run.
    package var warmup = 0.05
    /// The optimizer settings.
    package var optimizer = AdamWSettings(clipNorm: 1)
    /// The decay of the weight average per step, or nil for no average.
    package var averageDecay: Double? = 0.999
    /// The dropout probability of an element.
    package var dropout = 0.0
    /// The probability of dropping a residual branch of the last block.
    package var stochasticDepth = 0.1
    /// Whether gradients stop at reused features; nil means the authors' setting for the model.
    package var stopsReusedFeatures: Bool?
    /// Patterns of the parameters that are not trained; see ``frozenParameters(of:)``.
    package var freeze: [String] = []
    /// The seed of the initial weights, the image order and all other draws.
    package var seed: UInt64 = 0
    /// The augmentation of images and labels.
    package var augmentation = AugmentationConfiguration.standard

    /// Creates the authors' recipe with 100 epochs.
    package init() {}

    /// The learning rate schedule.
    package var schedule: LearningRateSchedule {
        LearningRateSchedule(peak: learningRate, last: lastLearningRate, warmup: warmup)
    }

    /// Returns the progress of the run.
    ///
    /// - Parameters:
    ///   - done: the completed epochs, including the fraction of the current one.
    ///   - seconds: the elapsed training time.
    /// - Returns: 0...1; 1 means that the run is complete.
    package func progress(epochs done: Double, seconds: Double) -> Double {
        let byEpochs = epochs.map { $0 > 0 ? done / Double($0) : 1 } ?? 0
        let byTime = maxHours.map { seconds / ($0 * 3600) } ?? 0
        return min(max(byEpochs, byTime), 1)
    }
}

extension TrainingRecipe {
    /// Throws if a setting is out of range.
    ///
    /// - Parameter origin: the source of the recipe, for messages.
    /// - Throws: ``TrainingError/invalidRecipe(origin:reason:)`` for the first such setting.
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
        try require(
            optimizer.layerDecay.map { $0 > 0 && $0 <= 1 } ?? true,
            "layer_decay takes a number above 0, up to 1")
        try require(optimizer.epsilon > 0, "opt_eps takes a number above 0")
        try require(optimizer.clipNorm.map { $0 > 0 } ?? true, "clip_grad takes a number above 0")
    }
}

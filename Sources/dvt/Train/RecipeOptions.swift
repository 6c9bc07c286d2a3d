import ArgumentParser
import DVTCheckpoints
import DVTTraining

/// How a model is trained: a file, and flags that count instead of what it says.
struct RecipeOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A recipe in JSON; flags count instead of what it says.",
            discussion: "The run's folder keeps the recipe that was used, as such a file.",
            valueName: "file.json"),
        completion: .file(extensions: ["json"]))
    var recipe: String?

    @Option(help: "The passes over the images.")
    var epochs: Int?

    @Option(
        help: ArgumentHelp(
            "End after so many hours of training; the schedule fits itself to it.",
            valueName: "hours"))
    var maxHours: Double?

    @Option(help: "The images of a batch.")
    var batchSize: Int?

    @Option(help: "The learning rate after the warm-up.")
    var lr: Double?

    @Option(help: "The decoupled weight decay.")
    var weightDecay: Double?

    @Option(help: "The probability that a branch of the last block is left out.")
    var dropPath: Double?

    @Option(help: "What is changed at random in images and labels: none, light or standard.")
    var augmentation: AugmentationPreset?

    @Option(help: "Chooses the start, the order of the images and all that is drawn.")
    var seed: UInt64?

    /// Whether any of them was given.
    var isGiven: Bool {
        recipe != nil || epochs != nil || maxHours != nil || batchSize != nil || lr != nil
            || weightDecay != nil || dropPath != nil
            || augmentation != nil || seed != nil
    }

    /// The recipe.
    ///
    /// - Parameter base: what counts where neither the file nor a flag says anything.
    /// - Returns: the recipe.
    /// - Throws: ``TrainingError`` if a number is outside its range, or the file's error.
    func made(from base: TrainingRecipe = TrainingRecipe()) throws -> TrainingRecipe {
        var recipe = try recipe.map(TrainingRecipe.init(path:)) ?? base
        if let maxHours {
            recipe.maxHours = maxHours
            // Time alone ends the run, unless epochs are given too.
            recipe.epochs = epochs
        }
        recipe.epochs = epochs ?? recipe.epochs
        recipe.batchSize = batchSize ?? recipe.batchSize
        recipe.learningRate = lr ?? recipe.learningRate
        recipe.lastLearningRate = min(recipe.lastLearningRate, recipe.learningRate)
        recipe.optimizer.weightDecay = weightDecay ?? recipe.optimizer.weightDecay
        recipe.stochasticDepth = dropPath ?? recipe.stochasticDepth
        recipe.augmentation = augmentation?.configuration ?? recipe.augmentation
        recipe.seed = seed ?? recipe.seed
        try recipe.check(origin: "recipe")
        return recipe
    }
}

/// A name of an augmentation.
enum AugmentationPreset: String, ExpressibleByArgument, CaseIterable {
    case none
    case light
    case standard

    var configuration: AugmentationConfiguration? { AugmentationConfiguration(preset: rawValue) }
}

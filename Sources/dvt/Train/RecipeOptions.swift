import ArgumentParser
import DVTCheckpoints
import DVTTraining

/// The training recipe: a file, and options that override it.
struct RecipeOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Training recipe, a JSON file; the other options override it.",
            discussion: """
                YAML too if dvt was built with --traits YAML. The recipe used is saved to the \
                run's folder.
                """,
            valueName: "file.json"),
        completion: .file(extensions: ["json"]))
    var recipe: String?

    @Option(help: ArgumentHelp("Number of epochs.", valueName: "n"))
    var epochs: Int?

    @Option(
        help: ArgumentHelp(
            "Training time limit; the learning-rate schedule adapts to it.",
            valueName: "hours"))
    var maxHours: Double?

    @Option(help: ArgumentHelp("Images per batch.", valueName: "n"))
    var batchSize: Int?

    @Option(help: ArgumentHelp("Peak learning rate, after warmup.", valueName: "rate"))
    var lr: Double?

    @Option(help: ArgumentHelp("Decoupled weight decay (AdamW).", valueName: "x"))
    var weightDecay: Double?

    @Option(
        help: ArgumentHelp(
            "Stochastic depth (drop path) rate of the last block.", valueName: "rate"))
    var dropPath: Double?

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "Do not train these parameters: backbone, or names such as 'blocks.0.*'; repeatable.",
            discussion: """
                backbone: all but heads and reuse MLPs. 'stages.1.blocks.*' are those of the second \
                stage. none: train all, for --resume.
                """, valueName: "pattern"))
    var freeze: [String] = []

    @Option(
        help: ArgumentHelp(
            "Factor of the learning rate from each block to the one before, such as 0.75.",
            valueName: "x"))
    var layerDecay: Double?

    @Option(help: ArgumentHelp("Augmentation preset.", valueName: "preset"))
    var augmentation: AugmentationPreset?

    @Option(help: "Seed of initialization, shuffling and augmentation.")
    var seed: UInt64?

    /// Whether any option is given.
    var isGiven: Bool {
        recipe != nil || epochs != nil || maxHours != nil || batchSize != nil || lr != nil
            || weightDecay != nil || dropPath != nil || !freeze.isEmpty || layerDecay != nil
            || augmentation != nil || seed != nil
    }

    /// Applies the options to a recipe.
    ///
    /// - Parameter base: the recipe without a file.
    /// - Returns: the resulting recipe.
    /// - Throws: ``TrainingError`` if a value is out of range, or the file's error.
    func applied(to base: TrainingRecipe = TrainingRecipe()) throws -> TrainingRecipe {
        var recipe = try recipe.map(TrainingRecipe.init(path:)) ?? base
        if let maxHours {
            recipe.maxHours = maxHours
            // Only the time limit ends the run, unless epochs are given too.
            recipe.epochs = epochs
        }
        recipe.epochs = epochs ?? recipe.epochs
        recipe.batchSize = batchSize ?? recipe.batchSize
        recipe.learningRate = lr ?? recipe.learningRate
        recipe.lastLearningRate = min(recipe.lastLearningRate, recipe.learningRate)
        recipe.optimizer.weightDecay = weightDecay ?? recipe.optimizer.weightDecay
        recipe.stochasticDepth = dropPath ?? recipe.stochasticDepth
        recipe.optimizer.layerDecay = layerDecay ?? recipe.optimizer.layerDecay
        if !freeze.isEmpty { recipe.freeze = freeze == ["none"] ? [] : freeze }
        recipe.augmentation = augmentation?.configuration ?? recipe.augmentation
        recipe.seed = seed ?? recipe.seed
        try recipe.check(origin: "recipe")
        return recipe
    }
}

/// The name of an augmentation preset.
enum AugmentationPreset: String, ExpressibleByArgument, CaseIterable {
    case none
    case light
    case standard

    var configuration: AugmentationConfiguration? { AugmentationConfiguration(preset: rawValue) }
}

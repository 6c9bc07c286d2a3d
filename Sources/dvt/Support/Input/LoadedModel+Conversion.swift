import ArgumentParser
import DVTModel

extension LoadedModel {
    /// Loads the input of a command that writes models.
    ///
    /// - Parameters:
    ///   - input: a checkpoint, a folder, `synthetic:SEED`, or a JSON file that lists one weight
    ///     file per stage.
    ///   - model: a model name or a JSON file, or nil for the model of the input.
    ///   - options: the image size, and which weights of a checkpoint are read.
    ///   - reuse: the reuse between stages.
    /// - Throws: `ValidationError` for an invalid seed, or the file's error.
    init(
        converting input: String, model: String?, _ options: LoadingOptions, _ reuse: ReuseOptions
    ) throws {
        guard let weights = WeightsArgument(argument: input) else {
            throw ValidationError("\(input) has no valid seed; use synthetic:SEED with a number.")
        }
        let isDescription = input.hasSuffix(".json")
        try self.init(
            model: isDescription ? input : model, weights: isDescription ? nil : weights, options
        ) { try reuse.applied(to: $0) }
    }
}

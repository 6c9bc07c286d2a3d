import DVTCore
import Testing

@testable import DVTTraining

/// Recipes as JSON.
struct TrainingRecipeTests {
    private func recipe(_ json: String) throws -> TrainingRecipe {
        try TrainingRecipe(json: Array(json.utf8), origin: "recipe.json")
    }

    @Test func recipesRoundTrip() throws {
        var recipe = TrainingRecipe()
        for augmentation in [AugmentationConfiguration.none, .light, .standard] {
            recipe.augmentation = augmentation
            #expect(try self.recipe(recipe.json) == recipe)
        }
        (recipe.epochs, recipe.maxHours, recipe.averageDecay) = (nil, 1.5, nil)
        (recipe.optimizer.clipNorm, recipe.stopsReusedFeatures, recipe.seed) = (nil, true, 7)
        #expect(try self.recipe(recipe.json) == recipe)
    }

    @Test func keysMayBeOmitted() throws {
        #expect(try recipe("{}") == TrainingRecipe())
        #expect(try recipe(#"{"max_hours": 2}"#).epochs == nil)
        let named = try recipe(#"{"augmentation": {"preset": "standard", "crop_padding": 4}}"#)
        #expect(named.augmentation.crop == .padded(4))
        #expect(named.augmentation.mixing == BatchMixing())
    }

    @Test(arguments: [
        (#"{"lr": 0}"#, "lr takes a number above 0"),
        (#"{"epochs": 0}"#, "epochs takes at least 1"),
        (#"{"drop_path": 1}"#, "drop_path takes 0 up to"),
        (#"{"warmup": 2}"#, "warmup takes 0...1"),
        (#"{"learning_rate": 1}"#, "learning_rate is unknown"),
        (#"{"augmentation": {"preset": "heavy"}}"#, "none, light or standard"),
        (#"{"augmentation": {"scale": [0.5]}}"#, "takes two parts of the area"),
        ("[]", "not an object"), ("{", "recipe.json"),
    ])
    func refusesFaults(_ json: String, _ part: String) {
        let error = #expect(throws: TrainingError.self) { try recipe(json) }
        #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
    }
}

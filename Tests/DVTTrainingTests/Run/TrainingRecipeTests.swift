import DVTCore
import DVTSupport
import DVTTestSupport
import Testing

@testable import DVTTraining

/// Recipes as JSON and YAML.
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

    /// Reads a recipe file whose name ends in `suffix`.
    private func file(_ text: String, _ suffix: String) throws -> TrainingRecipe {
        let folder = try TemporaryFolder()
        return try TrainingRecipe(path: folder.file("recipe\(suffix)", text))
    }

    @Test func theNameOfAFileSaysHowItIsRead() throws {
        #expect(try file(#"{"epochs": 3}"#, ".json").epochs == 3)
        #expect(try file(#"{"epochs": 3}"#, "").epochs == 3)
        #expect(throws: TrainingError.self) { try file("epochs: 3", ".json") }
        let error = #expect(throws: FileError.self) {
            try file(String(repeating: " ", count: 1 << 20 + 1), ".yaml")
        }
        #expect(error?.cause == .tooLarge(byteCount: 1 << 20 + 1, limit: 1 << 20))
    }

    #if YAML
    @Test func yamlIsReadAsJSONIs() throws {
        let text = """
            # A comment.
            epochs: 3
            lr: 1e-3
            min_lr: 1.0e-05
            stop_reused_features: true
            clip_grad: null
            augmentation: {preset: "light", scale: [0.5, 1]}
            """
        let json = #"""
            {"epochs": 3, "lr": 0.001, "min_lr": 0.00001, "stop_reused_features": true,
            "clip_grad": null, "augmentation": {"preset": "light", "scale": [0.5, 1]}}
            """#
        for suffix in [".yaml", ".YML"] { #expect(try file(text, suffix) == recipe(json)) }
        #expect(try file(recipe(json).json, ".yaml") == recipe(json))
    }

    @Test(arguments: [
        ("lr: 0", "lr takes a number above 0"), ("learning_rate: 1", "learning_rate is unknown"),
        ("epochs: '3'", "epochs is not an integer"), ("epochs: three", "epochs is not an integer"),
        ("augmentation: [1]", "augmentation is not an object"), ("- 1", "not an object"),
        ("", "not an object"), ("lr: .inf", "not finite at line 1, column 5"),
        ("lr: 1\nlr: 2", "repeats the key \"lr\""), ("lr: [1", "not YAML"),
        ("\tlr: 1", "at line 1, column 1"), ("? [1]\n: 2", "a key that is not a text"),
        ("lr: 1\n---\nlr: 2", "not YAML"), ("lr: *x", "at line 1, column 5"),
        (String(repeating: "[", count: 66) + String(repeating: "]", count: 66), "64 levels"),
        (String(repeating: "[", count: 1 << 19), "nesting level"),
    ])
    func yamlErrorsNameTheEntryOrThePlace(_ yaml: String, _ part: String) {
        let error = #expect(throws: TrainingError.self) { try file(yaml, ".yaml") }
        let text = error?.description ?? ""
        #expect(text.contains(part) && !text.contains("\n"), "\(text)")
    }

    /// Each line repeats the one above it ten times: 10^9 values in 300 bytes.
    @Test(.timeLimit(.minutes(1))) func aliasesDoNotExpandWithoutLimit() {
        let lines = (1..<10).map { line in
            let aliases = repeatElement("*a\(line - 1)", count: 10).joined(separator: ", ")
            return "a\(line): &a\(line) [\(aliases)]"
        }
        let yaml = (["a0: &a0 1"] + lines).joined(separator: "\n")
        let error = #expect(throws: TrainingError.self) { try file(yaml, ".yaml") }
        #expect(error?.description.contains("10000 values") == true)
    }
    #else
    @Test func aBuildWithoutYAMLSaysSo() {
        let error = #expect(throws: TrainingError.self) { try file("epochs: 3", ".yaml") }
        #expect(error?.description.contains("--traits YAML") == true)
    }
    #endif
}

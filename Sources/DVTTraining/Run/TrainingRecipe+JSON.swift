internal import DVTCore
internal import DVTModel
import DVTSupport

extension TrainingRecipe {
    /// Reads a recipe; missing entries keep the values of ``init()``.
    ///
    /// Entries have the names of the options of timm's training script, if it has them.
    ///
    /// - Parameters:
    ///   - json: the text of an object.
    ///   - origin: the file, for messages.
    /// - Throws: ``TrainingError/invalidRecipe(origin:reason:)`` if an entry is unknown, of another
    ///   kind or outside its range.
    package init(json: [UInt8], origin: String) throws {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: json)
        } catch let error as JSONError {
            throw TrainingError.invalidRecipe(origin: origin, reason: error.description)
        }
        try self.init(reading: value, origin: origin)
    }

    /// Reads a recipe that was parsed from JSON or YAML.
    init(reading value: JSONValue, origin: String) throws {
        self.init()
        var reader = try DescriptionReader(value, origin: origin) {
            TrainingError.invalidRecipe(origin: $0, reason: $1)
        }
        try read(&reader)
        try reader.finish()
        try check(origin: origin)
    }

    private mutating func read(_ reader: inout DescriptionReader) throws {
        // With max_hours and without epochs, only the time limits the run.
        maxHours = try reader.number("max_hours")
        epochs = try reader.int("epochs") ?? (maxHours == nil ? epochs : nil)
        batchSize = try reader.int("batch_size") ?? batchSize
        accumulation = try reader.int("accumulation") ?? accumulation
        learningRate = try reader.number("lr") ?? learningRate
        lastLearningRate = try reader.number("min_lr") ?? min(lastLearningRate, learningRate)
        warmup = try reader.number("warmup") ?? warmup
        optimizer.weightDecay = try reader.number("weight_decay") ?? optimizer.weightDecay
        optimizer.beta1 = try reader.number("beta1") ?? optimizer.beta1
        optimizer.beta2 = try reader.number("beta2") ?? optimizer.beta2
        optimizer.epsilon = try reader.number("opt_eps") ?? optimizer.epsilon
        optimizer.layerDecay = try reader.number("layer_decay") ?? optimizer.layerDecay
        freeze = try reader.strings("freeze") ?? freeze
        // 0 disables a setting that is enabled by default.
        optimizer.clipNorm = (try reader.number("clip_grad") ?? optimizer.clipNorm).flatMap(Self.on)
        averageDecay = (try reader.number("model_ema_decay") ?? averageDecay).flatMap(Self.on)
        dropout = try reader.number("drop") ?? dropout
        stochasticDepth = try reader.number("drop_path") ?? stochasticDepth
        stopsReusedFeatures = try reader.bool("stop_reused_features")
        seed = UInt64(try reader.int("seed") ?? Int(seed))
        if var augmentation = try reader.object("augmentation") {
            self.augmentation = try AugmentationConfiguration(reading: &augmentation)
            try augmentation.finish()
        }
    }

    private static func on(_ value: Double) -> Double? { value == 0 ? nil : value }

    /// The recipe as JSON with every entry, as ``init(json:origin:)`` reads it.
    package var json: String {
        let lines = members.map { "  \(jsonString($0.key)): \($0.value.jsonText)" }
        return "{\n" + lines.joined(separator: ",\n") + "\n}\n"
    }

    private var members: [(key: String, value: JSONValue)] {
        [
            ("epochs", .optional(epochs, JSONValue.int)),
            ("max_hours", .optional(maxHours, JSONValue.double)),
            ("batch_size", .int(batchSize)), ("accumulation", .int(accumulation)),
            ("lr", .double(learningRate)), ("min_lr", .double(lastLearningRate)),
            ("warmup", .double(warmup)), ("weight_decay", .double(optimizer.weightDecay)),
            ("beta1", .double(optimizer.beta1)), ("beta2", .double(optimizer.beta2)),
            ("opt_eps", .double(optimizer.epsilon)),
            ("clip_grad", .double(optimizer.clipNorm ?? 0)),
            ("model_ema_decay", .double(averageDecay ?? 0)), ("drop", .double(dropout)),
            ("drop_path", .double(stochasticDepth)),
            ("layer_decay", .optional(optimizer.layerDecay, JSONValue.double)),
            ("freeze", .array(freeze.map(JSONValue.string))),
            ("stop_reused_features", .optional(stopsReusedFeatures, JSONValue.bool)),
            ("seed", .int(Int(seed))), ("augmentation", .object(augmentation.members)),
        ]
    }
}

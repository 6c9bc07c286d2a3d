import DVTAutodiff
package import DVTCheckpoints
package import DVTCore
internal import DVTModel

extension Trainer {
    /// Writes everything needed to resume the run: weights, moments, averages and position.
    ///
    /// The file is a checkpoint of the model too: weights have the model's names, and the training
    /// state has the prefixes `moment1.`, `moment2.` and `average.`.
    ///
    /// - Parameter path: the safetensors file to create or replace atomically.
    /// - Throws: the backend's error, or `FileError` if the system fails to write.
    package func save(to path: String) throws {
        let (store, base) = (RunStore(card.configuration), model.tape.base)
        var entries: [(name: String, tensor: Tensor)] = []
        func add(
            _ tensor: B.DeviceTensor, _ parameter: TrainableCascade<B>.Parameter,
            _ kind: RunStore.Kind
        ) throws {
            entries += store.parts(try base.download(tensor), parameter.specification, kind)
        }
        for (index, parameter) in model.parameters.enumerated() {
            try add(parameter.master, parameter, .weights)
            if let average, parameter.isTrained {
                try add(average.tensors[index], parameter, .average)
            }
        }
        for slot in optimizer.slots {
            try add(slot.first, slot.parameter, .firstMoment)
            try add(slot.second, slot.parameter, .secondMoment)
        }
        try SafetensorsWriter.write(
            entries,
            metadata: [
                ModelCard.metadataKey: card.json, RunStore.recipeKey: recipe.json,
                RunStore.positionKey: position.json, "format": "pt",
            ], to: path)
    }

    /// Writes the weights for inference.
    ///
    /// - Parameters:
    ///   - path: the safetensors file to create or replace atomically.
    ///   - elementType: the type of every element.
    /// - Throws: the backend's error, or `FileError` if the system fails to write.
    package func saveWeights(
        to path: String, as elementType: SafetensorsWriter.ElementType = .float32
    ) throws {
        let store = RunStore(card.configuration)
        let tensors = average?.tensors ?? model.parameters.map(\.master)
        let entries = try zip(model.parameters, tensors).flatMap {
            store.parts(try model.tape.base.download($1), $0.specification, .weights)
        }
        try SafetensorsWriter.write(
            entries, metadata: [ModelCard.metadataKey: card.json, "format": "pt"],
            as: elementType, to: path)
    }

    /// The recipe of a run.
    ///
    /// - Parameter file: a checkpoint written by ``save(to:)``.
    /// - Returns: its recipe.
    /// - Throws: ``TrainingError/invalidCheckpoint(origin:reason:)`` if it is another file.
    package static func recipe(storedIn file: any NamedTensors) throws -> TrainingRecipe {
        try StoredRun(file, ModelCard(storedIn: file).configuration).recipe
    }

    /// Resumes a run.
    ///
    /// - Parameters:
    ///   - file: a checkpoint written by ``save(to:)``.
    ///   - other: a recipe that replaces the file's, for example with more epochs, or nil.
    ///   - backend: the device.
    /// - Throws: ``TrainingError/invalidCheckpoint(origin:reason:)`` if it is another file, or the
    ///   file's or backend's error.
    package convenience init(
        resuming file: any NamedTensors, recipe other: TrainingRecipe? = nil, backend: B
    ) throws {
        let card = try ModelCard(storedIn: file)
        let run = try StoredRun(file, card.configuration)
        let recipe = other ?? run.recipe
        try recipe.check(origin: "recipe")
        guard (recipe.averageDecay == nil) == (run.recipe.averageDecay == nil) else {
            throw TrainingError.invalidCheckpoint(
                origin: file.origin,
                reason: "averaged weights are on in one of it and the recipe, and off in the other")
        }
        // The file has no state of the parameters that were frozen when it was written.
        let frozenBefore = try run.recipe.frozenParameters(of: card.configuration)
        let model = try TrainableCascade(
            card.configuration, weights: run, backend: backend,
            freezing: recipe.frozenParameters(of: card.configuration),
            stopsReusedFeatures: recipe.stopsReusedFeatures)
        let optimizer = try AdamWOptimizer(
            model, recipe.optimizer, steps: run.position.step
        ) { parameter, moment in
            let specification = parameter.specification
            return frozenBefore.contains(specification)
                ? Tensor(specification.shape, repeating: 0)
                : try run.tensor(specification, moment == 1 ? .firstMoment : .secondMoment)
        }
        let average = try recipe.averageDecay.map { limit in
            try WeightAverage(model, limit: limit) {
                try run.tensor(
                    $0.specification,
                    frozenBefore.contains($0.specification) ? .weights : .average)
            }
        }
        self.init(
            card, recipe: recipe, model: model, optimizer: optimizer, average: average,
            position: run.position)
    }
}

/// The names of a run's tensors in its checkpoint.
struct RunStore {
    enum Kind: String {
        case weights = ""
        case average = "average."
        case firstMoment = "moment1."
        case secondMoment = "moment2."
    }

    static let recipeKey = "dvt.training_recipe"
    static let positionKey = "dvt.training_position"
    private let configuration: CascadeConfiguration

    init(_ configuration: CascadeConfiguration) {
        self.configuration = configuration
    }

    /// The stored tensors of a parameter, with the names of the model's family.
    func stored(_ parameter: ParameterSpecification) -> [StoredTensor] {
        configuration.naming.storedTensors(parameter, stages: configuration.stages.count)
    }

    /// A parameter's tensor, split into its stored tensors.
    func parts(
        _ tensor: Tensor, _ parameter: ParameterSpecification, _ kind: Kind
    ) -> [(name: String, tensor: Tensor)] {
        var start = 0
        return stored(parameter).map { part in
            let end = start + part.shape.elementCount
            defer { start = end }
            return (
                kind.rawValue + part.name,
                Tensor(part.shape, values: Array(tensor.values[start..<end]))
            )
        }
    }
}

/// An open checkpoint of a run.
private struct StoredRun: ParameterSource {
    let recipe: TrainingRecipe
    let position: TrainingPosition
    private let store: RunStore
    private let file: any NamedTensors

    init(_ file: any NamedTensors, _ configuration: CascadeConfiguration) throws {
        guard let recipe = file.metadata[RunStore.recipeKey],
            let position = file.metadata[RunStore.positionKey]
        else {
            throw TrainingError.invalidCheckpoint(
                origin: file.origin, reason: "it holds weights, but no position of a run")
        }
        self.recipe = try TrainingRecipe(json: Array(recipe.utf8), origin: file.origin)
        self.position = try TrainingPosition(
            json: position, origin: file.origin, exits: configuration.stages.count)
        self.file = file
        store = RunStore(configuration)
    }

    func check(_ configuration: CascadeConfiguration) {}

    func tensor(
        _ parameter: ParameterSpecification, of configuration: CascadeConfiguration
    ) throws -> Tensor {
        try tensor(parameter, .weights)
    }

    func tensor(_ parameter: ParameterSpecification, _ kind: RunStore.Kind) throws -> Tensor {
        let parts = try store.stored(parameter).map { part in
            let name = kind.rawValue + part.name
            guard file.shapes[name] == part.shape else {
                throw TrainingError.invalidCheckpoint(
                    origin: file.origin, reason: "it has no tensor \(name) \(part.shape)")
            }
            return try file.tensor(named: name)
        }
        return .joined(parts, as: parameter.shape)
    }
}

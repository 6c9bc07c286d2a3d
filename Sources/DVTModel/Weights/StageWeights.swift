public import DVTCore

/// Weights of a cascade whose stages are plain models: one checkpoint per stage, or one for all
/// stages if they share their backbone.
public struct StageWeights: StoredParameterSource, AdaptableWeights {
    /// The open checkpoints, in the order of the stages.
    public let files: [CheckpointWeights]

    /// Creates the source.
    ///
    /// - Parameter files: a plain ViT's checkpoint for each stage, in the order of the stages.
    public init(_ files: [CheckpointWeights]) {
        self.files = files
    }

    /// Creates the source of a cascade that runs one plain model on images of several sizes.
    ///
    /// - Parameters:
    ///   - file: the model's checkpoint, which resamples position embeddings.
    ///   - configuration: the cascade.
    package init(_ file: CheckpointWeights, ofEveryStageOf configuration: CascadeConfiguration) {
        files = configuration.stages.map { _ in file }
    }

    /// Checks that each stage has a file with exactly the stage's parameters.
    ///
    /// - Parameter configuration: the model.
    /// - Throws: ``ModelError/invalidConfiguration(name:reason:)`` if the model reuses features or
    ///   relations or has another number of stages, or
    ///   ``ModelError/weightsMismatch(origin:model:reason:)`` if a file does not match its stage.
    public func check(_ configuration: CascadeConfiguration) throws {
        guard !configuration.featureReuse, !configuration.relationReuse else {
            throw ModelError.invalidConfiguration(
                name: configuration.name,
                reason: """
                    stages that were trained as plain models have no weights for reuse; disable \
                    feature and relation reuse
                    """)
        }
        guard files.count == configuration.stages.count else {
            throw ModelError.invalidConfiguration(
                name: configuration.name,
                reason: """
                    \(files.count) files of weights for \(configuration.stages.count) stages; give \
                    one per stage
                    """)
        }
        for (index, file) in files.enumerated() {
            try file.check(configuration.alone(stage: index))
        }
    }

    /// Reads one parameter from its stage's file.
    ///
    /// - Parameters:
    ///   - parameter: the parameter.
    ///   - configuration: the model it belongs to.
    /// - Returns: its values.
    /// - Throws: the file's own error.
    public func tensor(
        _ parameter: ParameterSpecification, of configuration: CascadeConfiguration
    ) throws -> Tensor {
        try files[parameter.stage].tensor(
            parameter.inStageAlone, of: configuration.alone(stage: parameter.stage))
    }

    package func origin(of parameter: ParameterSpecification) -> String {
        files[parameter.stage].file.origin
    }

    package func notes(for configuration: CascadeConfiguration) throws -> [String] {
        try lines(of: configuration) { $0.notes(for: $1) }
    }

    package func leftovers(for configuration: CascadeConfiguration) throws -> [String] {
        try lines(of: configuration) { $0.leftovers(for: $1) }
    }

    /// The lines about every stage, named by the stage, or each once if one file is for all.
    private func lines(
        of configuration: CascadeConfiguration,
        _ lines: (CheckpointWeights, CascadeConfiguration) throws -> [String]
    ) throws -> [String] {
        var known: Set<String> = []
        return try files.enumerated().flatMap { index, file in
            try lines(file, configuration.alone(stage: index)).compactMap { line in
                guard configuration.sharesBackbone else { return "stage \(index + 1): \(line)" }
                return known.insert(line).inserted ? line : nil
            }
        }
    }

    package func checkHeads(_ configuration: CascadeConfiguration) throws {
        for (index, file) in files.enumerated() {
            try file.checkHeads(configuration.alone(stage: index))
        }
    }

    package func shapes(
        of parameter: ParameterSpecification, in configuration: CascadeConfiguration
    ) throws -> [(name: String, needed: Shape, actual: Shape?)] {
        try files[parameter.stage].shapes(
            of: parameter.inStageAlone, in: configuration.alone(stage: parameter.stage))
    }

    /// The tensor that holds a parameter in one checkpoint of the whole cascade.
    ///
    /// - Parameters:
    ///   - parameter: the parameter.
    ///   - configuration: the model it belongs to.
    /// - Returns: one part, with the authors' name.
    package func parts(
        of parameter: ParameterSpecification, in configuration: CascadeConfiguration
    ) -> [ParameterPart] {
        ParameterNaming.authors.storedTensors(parameter, stages: configuration.stages.count)
            .map { stored in
                ParameterPart(stored) { try tensor(parameter, of: configuration) }
            }
    }
}

extension CascadeConfiguration {
    /// One stage as a standalone model.
    ///
    /// - Parameter stage: the stage, from 0.
    /// - Returns: the model, without what the stage reuses.
    /// - Throws: ``ModelError`` if its sizes cannot be combined.
    package func alone(stage: Int) throws -> Self {
        let count = stages.count
        return try Self([stages[stage]], name: "\(name), stage \(stage + 1) of \(count)")
    }
}
